import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLines } from './json-lines.ts'

const root = join(import.meta.dirname, '..', '..')
const main = join(import.meta.dirname, 'main.ts')
type Ready = { ready: true; endpoints: Record<string, string>; certificates: Record<string, string> }

describe('the simulator as a process', () => {
  let state: string
  const plant = join(root, 'config', 'plants', 'demo')
  const args = (...more: string[]) => [
    main,
    '--plant',
    plant,
    '--state',
    state,
    '--ports',
    'press=0,utilities=0',
    ...more,
  ]
  const start = () => startLines(process.execPath, args())

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'millrace-simulator-'))
  })
  afterAll(() => rm(state, { recursive: true, force: true }))

  test('says in one line where it can be reached, and listens there', async () => {
    const simulator = start()
    const { ready, endpoints, certificates } = await simulator.next<Ready>()
    expect(ready).toBe(true)
    expect(endpoints.press).toMatch(/^opc\.tcp:\/\/127\.0\.0\.1:\d+\/press$/)
    expect(endpoints.utilities).toMatch(/^s7:\/\/127\.0\.0\.1:\d+$/)
    expect(certificates.press).toContain(state)
    for (const endpoint of Object.values(endpoints)) {
      const socket = connect(Number(/:(\d+)/.exec(endpoint)![1]), '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
    }
    expect(await simulator.end()).toBe(0)
  })

  test('takes faults on its standard input, and answers what is wrong with a bad one', async () => {
    const simulator = start()
    await simulator.next<Ready>()
    expect(await simulator.ask({ fault: 'stop', machine: 'press-1', on: true })).toEqual({ ok: true })
    expect(await simulator.ask({ fault: 'unplug', source: 'press', on: true })).toEqual({ ok: true })
    expect(await simulator.ask({ fault: 'unplug', source: 'press', on: false })).toEqual({ ok: true })
    const unknown = await simulator.ask({ fault: 'earthquake' })
    expect(unknown).toMatchObject({ ok: false, error: expect.stringContaining('Not a fault') })
    const nowhere = await simulator.ask({ fault: 'unplug', source: 'boiler', on: true })
    expect(nowhere).toMatchObject({ ok: false, error: expect.stringContaining('boiler') })
    expect(await simulator.end()).toBe(0)
  })

  test('ends within 2 s of SIGTERM', async () => {
    const simulator = start()
    await simulator.next<Ready>()
    const asked = performance.now()
    simulator.process.kill('SIGTERM')
    expect(await once(simulator.process, 'exit')).toEqual([0, null])
    expect(performance.now() - asked).toBeLessThan(2_000)
  })

  test('ends when its parent is killed, with its input from /dev/null', async () => {
    // The shell starts the simulator, tells its pid and waits; the simulator loses its parent and nothing else.
    const script = '"$@" </dev/null & echo $! ; wait'
    const shell = spawn('sh', ['-c', script, 'sh', process.execPath, ...args()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]()
    expect(Number((await lines.next()).value)).toBeGreaterThan(1)
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ ready: true })
    shell.kill('SIGKILL')
    // Nobody else holds its standard output: it ends with the process.
    expect((await lines.next()).done).toBe(true)
  })

  test('says what is wrong, with exit code 1, when a port is taken or the plant is not there', async () => {
    const simulator = start()
    const { endpoints } = await simulator.next<Ready>()
    const port = /:(\d+)/.exec(endpoints.utilities!)![1]
    const second = startLines(process.execPath, args('--ports', `press=0,utilities=${port}`))
    await expect(second.next()).rejects.toThrow(`127.0.0.1:${port}`)
    expect(await second.end()).toBe(1)
    const third = startLines(process.execPath, [main, '--plant', join(state, 'none'), '--state', state])
    await expect(third.next()).rejects.toThrow('none')
    expect(await third.end()).toBe(1)
    expect(await simulator.end()).toBe(0)
  })
})
