import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Board, PlantView, startBoard } from '../../board/index.ts'
import type { AssetHistory, LiveMessage } from '../../board/messages.ts'
import type { PlantStatus } from '../../board/status.ts'
import { aggregate, alarm, history, ids, ledger, manyMachines, pressShop, second } from './press-shop.ts'

let view: PlantView
let board: Board

beforeEach(async () => {
  view = new PlantView(pressShop)
  view.apply(history(Date.now()))
  view.apply(pressShop.sources.map(source => ledger(source.name, Date.now())))
  view.setFeed('live', Date.now())
  board = await startBoard({ view, host: '127.0.0.1', port: 0 })
})
afterEach(() => board.close())

describe('HTTP', () => {
  test('status is what the view says, with the address of this board', async () => {
    const answer = await fetch(`${board.url}/api/status`)
    const status = (await answer.json()) as PlantStatus
    expect(answer.status).toBe(200)
    expect(status.board.url).toBe(board.url)
    expect(status.machines.map(machine => machine.state)).toEqual(Array(4).fill('connected'))
  })

  test('history of a machine, whole and what is newer', async () => {
    const path = `${board.url}/api/assets/${encodeURIComponent(ids.press)}/history`
    const ask = async (query: string) => (await (await fetch(path + query)).json()) as AssetHistory
    const whole = await ask('')
    expect(whole.tags[0]?.history.t.length).toBeGreaterThan(890)
    const newer = await ask(`?after=${whole.to - 5}`)
    expect(newer.tags[0]?.history.t.length).toBeLessThanOrEqual(6)
    expect((await ask('?after=abc')).tags[0]?.history.t.length).toBeGreaterThan(890)
  })

  test.each([
    ['/api/assets/demo%2Fnone/history', 404],
    ['/api/assets/%E0%A4%A/history', 400],
    ['/nothing', 404],
    ['/../package.json', 404],
    ['/%2e%2e/server.ts', 404],
    ['/live', 404],
  ])('%s answers %i', async (path, status) => {
    const asked = request(board.url, { path, agent: false }).end()
    const [answer] = await once(asked, 'response')
    answer.resume()
    expect(answer.statusCode).toBe(status)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is refused: the board only reads', async method => {
    expect((await fetch(`${board.url}/api/status`, { method })).status).toBe(405)
  })

  test('every answer carries the policy that keeps foreign and inline code out', async () => {
    for (const path of ['/', '/board.js', '/vendor/uplot.js', '/api/status', '/nothing']) {
      const { headers } = await fetch(board.url + path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.has('x-powered-by')).toBe(false)
    }
  })

  test('a request under a foreign name is not answered', async () => {
    const { port } = new URL(board.url)
    const asked = request({ port, host: '127.0.0.1', path: '/api/status', headers: { Host: 'evil.example' } })
    const [answer] = await once(asked.end(), 'response')
    answer.resume()
    expect(answer.statusCode).toBe(421)
  })

  test('a taken port is one clear error', async () => {
    const port = Number(new URL(board.url).port)
    const second = startBoard({ view, host: '127.0.0.1', port })
    await expect(second).rejects.toMatchObject({ code: 'port-taken', hint: expect.any(String) })
  })
})

describe('WebSocket', () => {
  test('a snapshot, then what has changed, at most two messages a second', async () => {
    const client = await openLive(board.url)
    expect(await client.next()).toMatchObject({ type: 'snapshot', title: 'Demo press shop' })
    const feeding = setInterval(() => view.apply(second(Math.floor(Date.now() / 1000) * 1000)), 20)
    const start = performance.now()
    for (let count = 0; count < 6; count++) await client.next()
    expect(performance.now() - start).toBeGreaterThan(2_400)
    clearInterval(feeding)
    client.socket.close()
  })

  test('an alarm is there within a second', async () => {
    const client = await openLive(board.url)
    await client.next()
    const start = performance.now()
    view.apply([alarm(Date.now())])
    const message = await client.until(message => message.alarms !== undefined)
    expect(message.alarms).toMatchObject([{ asset: ids.press, severity: 'alarm' }])
    expect(performance.now() - start).toBeLessThan(1_000)
    client.socket.close()
  })

  test('speaks without news too, so that a silence means a lost connection', async () => {
    const client = await openLive(board.url)
    await client.next()
    const { health } = await client.next()
    expect(Date.parse(health.at)).toBeGreaterThan(Date.now() - 5_000)
    client.socket.close()
  })

  test.each([
    ['a foreign origin', { Origin: 'https://evil.example' }, 403],
    ['a foreign host', { Host: 'evil.example' }, 421],
  ])('%s is refused', async (_, headers, status) => {
    const socket = new WebSocket(`${board.url.replace('http', 'ws')}/live`, { headers })
    socket.on('error', () => undefined)
    const [, answer] = await once(socket, 'unexpected-response')
    expect(answer.statusCode).toBe(status)
  })

  test('what a client sends changes nothing, and too much of it ends the connection', async () => {
    const client = await openLive(board.url)
    await client.next()
    client.socket.send('{"type":"snapshot"}')
    expect(await client.next()).toMatchObject({ type: 'changes' })
    client.socket.send('x'.repeat(5_000))
    await once(client.socket, 'close')
    expect((await fetch(`${board.url}/api/status`)).status).toBe(200)
  })
})

test('a client that takes nothing holds no memory, and gets the newest state when it takes again', async () => {
  const mills = manyMachines(4_000)
  const busy = new PlantView(mills, { historyS: 30, maxSeries: 20_000 })
  const other = await startBoard({ view: busy, host: '127.0.0.1', port: 0 })
  const feed = (value: number) =>
    busy.apply(
      mills.assets.flatMap(({ id, tags }) => tags.map(tag => aggregate(id, tag.name, Date.now(), value))),
    )
  const slow = await openLive(other.url)
  const quick = await openLive(other.url)
  slow.pause()
  // More than the kernel holds between two sockets (net.ipv4.tcp_wmem and tcp_rmem, about 10 MB together).
  for (let count = 1; quick.bytes < 32e6; count++) {
    feed(count)
    await quick.until(message => message.values?.at(-1)?.value === count)
  }
  feed(4711)
  slow.resume()
  const caughtUp = await slow.until(message => message.values?.at(-1)?.value === 4711)
  expect(caughtUp.values).toHaveLength(12_000)
  expect(slow.bytes).toBeLessThan(quick.bytes / 1.5)
  slow.socket.terminate()
  quick.socket.terminate()
  await other.close()
})

test('closing ends every connection, also one that says nothing', async () => {
  const client = await openLive(board.url)
  const mute = connect(Number(new URL(board.url).port), '127.0.0.1')
  await once(mute, 'connect')
  const gone = Promise.all([once(client.socket, 'close'), once(mute, 'close')])
  mute.resume()
  await board.close()
  await gone
})

type Message = LiveMessage

async function openLive(url: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live`)
  const arrived: Message[] = []
  let wake = () => {}
  let bytes = 0
  socket.on('message', data => {
    const text = String(data)
    bytes += text.length
    arrived.push(JSON.parse(text))
    wake()
  })
  await once(socket, 'open')
  async function next(): Promise<Message> {
    for (;;) {
      const message = arrived.shift()
      if (message) return message
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  async function until(wanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = await next()
      if (wanted(message)) return message
    }
  }
  return {
    socket,
    next,
    until,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    get bytes() {
      return bytes
    },
  }
}
