import { connect } from 'node:net'
import { promisify } from 'node:util'
import { gzip as zip } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { http } from '../../../connectors/http/index.ts'
import { MillraceError, status } from '../../../model/index.ts'
import { proxyTo } from '../../proxy.ts'
import {
  asset,
  csv,
  curl,
  declared,
  type Given,
  json,
  keyed,
  optionsFor,
  type Running,
  record,
  start,
  stateDir,
} from './bench.ts'

const gzip = promisify(zip)
const running: Running[] = []
const begin = async (given?: Given) => {
  running.push(await start(given))
  return running.at(-1)!
}
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

const code = (body: string) => (JSON.parse(body) as { error: string }).error
const valuesOf = ({ collector }: Running) => collector.samples.map(({ value }) => value)

describe('curl posts', () => {
  test('a record, a file with a column a tag, and a file with a row a sample', async () => {
    const one = await begin()
    expect(await curl(`${one.url}telemetry`, json, record(1))).toMatchObject({
      status: 200,
      body: '{"stored":1}\n',
    })
    const wide = 'time,speed,Oil [°C]\n2026-01-31T12:00:00Z,2,60.5\n'
    expect(await curl(`${one.url}telemetry/${asset}`, csv, wide)).toMatchObject({ status: 200 })
    const long = `asset,tag,time,value,status\n${asset},torque,2026-01-31T12:00:00Z,,bad\n`
    expect(await curl(`${one.url}telemetry`, csv, long)).toMatchObject({ status: 200 })
    expect(valuesOf(one)).toEqual([1, 2, 60.5, null])
    expect(one.collector.samples.at(-1)?.status).toBe(status.bad)
  })

  test('packed as gzip', async () => {
    const one = await begin()
    const packed = await gzip(record(5))
    const packing = ['-H', 'Content-Encoding: gzip', ...json]
    expect((await curl(`${one.url}telemetry`, packing, packed)).status).toBe(200)
    const bomb = await gzip(Buffer.alloc(50 << 20, ' '))
    expect(await curl(`${one.url}telemetry`, packing, bomb)).toMatchObject({ status: 413 })
    expect(await curl(`${one.url}telemetry`, packing, 'no gzip')).toMatchObject({ status: 400 })
    expect(valuesOf(one)).toEqual([5])
  })

  test('a question: how to, and whether it is up', async () => {
    const one = await begin()
    const help = await curl(one.url)
    expect(help.body).toContain('Idempotency-Key')
    expect(help.headers.get('content-type')).toContain('text/plain')
    expect(await curl(`${one.url}health`)).toMatchObject({ status: 200, body: '{"status":"up"}\n' })
  })

  test.each([
    ['a path that is none', '/what', json, '{}', 404, 'not-found'],
    ['an asset that is none', '/telemetry/test/area/line/bank', csv, 'time,speed\n', 404, 'not-found'],
    ['with PUT', '/telemetry', ['-X', 'PUT', ...json], '{}', 405, 'method-not-allowed'],
    [
      'a form',
      '/telemetry',
      ['-H', 'Content-Type: application/x-www-form-urlencoded'],
      'a=1',
      415,
      'unsupported',
    ],
    ['Latin 1', '/telemetry', ['-H', 'Content-Type: text/csv; charset=iso-8859-1'], 'a', 415, 'unsupported'],
    ['brotli', '/telemetry', [...json, '-H', 'Content-Encoding: br'], 'a', 415, 'unsupported'],
    ['no UTF-8', '/telemetry', json, Buffer.of(0x22, 0xff, 0x22), 400, 'bad-payload'],
    ['a bad key', '/telemetry', [...json, ...keyed('two words')], '{}', 400, 'bad-key'],
    ['too much', '/telemetry', json, `"${'x'.repeat(5 << 20)}"`, 413, 'too-large'],
    [
      'too much in chunks',
      '/telemetry',
      [...json, '-H', 'Transfer-Encoding: chunked'],
      `"${'x'.repeat(5 << 20)}"`,
      413,
      'too-large',
    ],
    ['a wrong record', '/telemetry', json, record(1, 5), 422, 'bad-record'],
  ] as const)('%s: refused, with what to do', async (_, path, args, body, expected, error) => {
    const one = await begin()
    const told = await curl(new URL(path, one.url).href, args, body)
    expect(told.status).toBe(expected)
    expect(JSON.parse(told.body)).toMatchObject({
      error,
      message: expect.any(String),
      hint: expect.stringMatching(/.+/),
    })
    expect(valuesOf(one)).toEqual([])
  })

  test('more than a client may: 429, and when to come again', async () => {
    const one = await begin({ options: { maxRequestsPerSecond: 2 } })
    const told = await Promise.all(
      Array.from({ length: 12 }, (_, i) => curl(`${one.url}telemetry`, json, record(i))),
    )
    const refused = told.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]!.headers.get('retry-after')).toBe('1')
    expect(one.collector.samples).toHaveLength(told.length - refused.length)
  })
})

describe('an idempotency key', () => {
  test('stores once what is posted often, also at the same moment and over a new session', async () => {
    const dir = await stateDir()
    const stored: [number, string | undefined][] = []
    const emit: Given['emit'] = async (samples, resume) => void stored.push([samples.length, resume])
    const one = await begin({ dir, emit })
    const body = record(1)
    const post = (url: string) => curl(`${url}telemetry`, [...json, ...keyed('a')], body)
    const told = await Promise.all([post(one.url), post(one.url), post(one.url)])
    expect(told.map(({ status, body }) => [status, body])).toEqual(Array(3).fill([200, '{"stored":1}\n']))
    expect(told.filter(({ headers }) => headers.has('idempotency-replayed'))).toHaveLength(2)
    await one.stop()
    const next = await begin({ dir, emit, resume: stored[0]![1]! })
    expect((await post(next.url)).headers.get('idempotency-replayed')).toBe('true')
    expect(stored).toHaveLength(1)
  })

  test('used for something else is refused; of a refused request is free', async () => {
    const one = await begin()
    const post = (body: string) => curl(`${one.url}telemetry`, [...json, ...keyed('a')], body)
    expect((await post('{')).status).toBe(400)
    expect((await post(record(1))).status).toBe(200)
    const told = await post(record(2))
    expect([told.status, code(told.body)]).toEqual([422, 'key-reused'])
    expect(valuesOf(one)).toEqual([1])
  })
})

describe('what cannot be stored', () => {
  const full = new MillraceError('buffer-full', 'the disk buffer is full', {
    transient: true,
    hint: 'Bring the brokers back',
  })

  test('is answered 503 and when to come again; run rejects with the same error', async () => {
    const one = await begin({
      emit: async () => {
        throw full
      },
    })
    const told = await curl(`${one.url}telemetry`, [...json, ...keyed('a')], record(1))
    expect([told.status, code(told.body)]).toEqual([503, 'not-stored'])
    expect(told.headers.get('retry-after')).toBe('5')
    expect(told.body).toContain('Bring the brokers back')
    await expect(one.end).rejects.toBe(full)
  })

  test('is not remembered: the same again is stored', async () => {
    const dir = await stateDir()
    let fails = true
    const stored: number[] = []
    const emit: Given['emit'] = async samples => {
      if (fails) throw full
      stored.push(samples.length)
    }
    const body = record(1)
    const one = await begin({ dir, emit })
    expect((await curl(`${one.url}telemetry`, [...json, ...keyed('a')], body)).status).toBe(503)
    await one.stop()
    fails = false
    const next = await begin({ dir, emit })
    const told = await curl(`${next.url}telemetry`, [...json, ...keyed('a')], body)
    expect([told.status, told.headers.has('idempotency-replayed')]).toEqual([200, false])
    expect(stored).toEqual([1])
  })

  test('nothing is answered before it is stored, and one is stored after the other', async () => {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    let [underWay, overlapped] = [0, false]
    const one = await begin({
      emit: async () => {
        overlapped ||= underWay++ > 0
        began.resolve()
        await gate.promise
        underWay--
      },
    })
    let answered = 0
    const posts = [1, 2, 3].map(async i => {
      const told = await curl(`${one.url}telemetry`, json, record(i))
      answered++
      return told
    })
    await began.promise
    expect((await curl(`${one.url}health`)).status).toBe(200)
    expect(answered).toBe(0)
    gate.resolve()
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(overlapped).toBe(false)
  })

  test('more requests than may be under way are asked to come again', async () => {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const emit = () => {
      began.resolve()
      return gate.promise
    }
    const one = await begin({ options: { maxInFlight: 1 }, emit })
    const first = curl(`${one.url}telemetry`, json, record(1))
    await began.promise
    const told = await curl(`${one.url}telemetry`, json, record(2))
    expect([told.status, code(told.body)]).toEqual([503, 'busy'])
    gate.resolve()
    expect((await first).status).toBe(200)
  })
})

describe('a network that fails', () => {
  test('in small pieces it is the same request', async () => {
    const one = await begin()
    const proxy = await proxyTo(() => ({ host: '127.0.0.1', port: one.port }))
    proxy.split(7)
    const told = await curl(`http://127.0.0.1:${proxy.port}/telemetry`, json, record(9))
    expect(told.status).toBe(200)
    expect(valuesOf(one)).toEqual([9])
    await proxy.close()
  })

  test('a body that stops coming is let go in time, and stores nothing', async () => {
    const one = await begin({ options: { requestTimeoutMs: 600, maxInFlight: 1 } })
    const body = record(1)
    const socket = connect(one.port, '127.0.0.1')
    socket.write(
      `POST /telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
    )
    const answer: Buffer[] = []
    socket.on('data', chunk => answer.push(chunk))
    await new Promise(resolve => socket.once('close', resolve))
    expect(Buffer.concat(answer).toString()).toContain('408 Request Timeout')
    expect((await curl(`${one.url}telemetry`, json, record(2))).status).toBe(200)
    expect(valuesOf(one)).toEqual([2])
  })

  test('headers that never end are let go as well; what is no HTTP is told so', async () => {
    const one = await begin({ options: { requestTimeoutMs: 600 } })
    const answerTo = async (text: string) => {
      const socket = connect(one.port, '127.0.0.1')
      socket.write(text)
      const answer: Buffer[] = []
      socket.on('data', chunk => answer.push(chunk))
      await new Promise(resolve => socket.once('close', resolve))
      return Buffer.concat(answer).toString()
    }
    expect(await answerTo('POST /telemetry HTTP/1.1\r\nHost: x\r\nX-Slow: ')).toContain('408')
    expect(await answerTo('\x16\x03\x01\x02\x00')).toContain('"error":"bad-request"')
  })
})

describe('random bytes', () => {
  test('as a body, packed or not, are refused and leave it up', async () => {
    const one = await begin({ options: { maxRequestsPerSecond: 10_000 } })
    const bytes = fc.uint8Array({ maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.constantFrom('text/csv', 'application/json'),
        fc.boolean(),
        async (body, type, isPacked) => {
          const headers = { 'Content-Type': type, ...(isPacked && { 'Content-Encoding': 'gzip' }) }
          const answer = await fetch(`${one.url}telemetry/${asset}`, {
            method: 'POST',
            headers,
            body: Buffer.from(body),
          })
          expect([400, 422]).toContain(answer.status)
          expect(await answer.json()).toMatchObject({ error: expect.any(String), hint: expect.any(String) })
        },
      ),
      { numRuns: 60 },
    )
    expect(valuesOf(one)).toEqual([])
  })

  test('in place of HTTP end their connection and leave it up', async () => {
    const one = await begin({ options: { requestTimeoutMs: 500 } })
    const ended = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), 40).map(async bytes => {
      const socket = connect(one.port, '127.0.0.1')
      socket.on('error', () => {}).on('data', () => {})
      socket.write(bytes)
      await new Promise(resolve => socket.once('close', resolve))
    })
    await Promise.all(ended)
    expect((await curl(`${one.url}telemetry`, json, record(1))).status).toBe(200)
  })
})

describe('the end', () => {
  test('of the service: what is being stored is answered, what is still coming is not stored', async () => {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const one = await begin({
      emit: () => {
        began.resolve()
        return gate.promise
      },
    })
    const storing = curl(`${one.url}telemetry`, json, record(1))
    await began.promise
    const coming = connect(one.port, '127.0.0.1')
    await new Promise(resolve => coming.once('connect', resolve))
    const answer = new Promise<string>(resolve => coming.once('data', chunk => resolve(chunk.toString())))
    coming.on('error', () => {})
    coming.write(
      'POST /telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 90\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(await answer).toContain('100 Continue')
    const refused = new Promise<string>(resolve => coming.once('data', chunk => resolve(chunk.toString())))
    one.abort()
    expect(await refused).toContain('503 Service Unavailable')
    gate.resolve()
    expect((await storing).status).toBe(200)
    await one.end
    await one.connector.close()
    expect((await curl(`${one.url}health`)).status).toBe(0)
  })

  test('before and after, close is safe; a taken port is told', async () => {
    const one = await begin()
    const source = { name: 'x', options: optionsFor(one.url), tags: declared, stateDir: await stateDir() }
    const other = http.open(source, one.collector.report)
    await other.close()
    const never = new AbortController().signal
    await expect(other.connect(never)).rejects.toMatchObject({ code: 'port-taken', transient: true })
    await other.close()
  })
})
