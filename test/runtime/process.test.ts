import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ProcessOptions, superviseProcess } from '../../runtime/process.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-process-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const child = (script: string, more: Partial<ProcessOptions> = {}) =>
  superviseProcess({
    name: 'child',
    logFile: join(dir, 'logs', 'child.log'),
    program: async () => ({ command: process.execPath, args: ['-e', script] }),
    ...more,
  })
const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

describe('a supervised process', () => {
  test('announces itself, logs to its file, and ends when told', async () => {
    const announcing = child(
      `console.log('at work'); process.send({ ready: true, port: 7 }); setInterval(() => {}, 1e6)`,
      {
        announces: true,
      },
    )
    await announcing.start()
    expect(await announcing.ready(20_000)).toEqual({ ready: true, port: 7 })
    const pid = announcing.pid!
    await announcing.stop()
    expect(isAlive(pid)).toBe(false)
    expect(readFileSync(join(dir, 'logs', 'child.log'), 'utf8')).toBe('at work\n')
    expect(announcing.restarts).toBe(0)
  })

  test('that ends by itself is started again, and says why it ended', async () => {
    const crashing = child(`setTimeout(() => process.exit(3), 20)`)
    await crashing.start()
    await vi.waitFor(() => expect(crashing.restarts).toBeGreaterThanOrEqual(2), { timeout: 15_000 })
    expect(crashing.lastExit).toBe('exit 3')
    await crashing.stop()
    const { restarts } = crashing
    await new Promise(resolve => setTimeout(resolve, 1_000))
    expect([crashing.restarts, crashing.pid]).toEqual([restarts, undefined])
  })

  test('that ends before it is ready rejects whoever waits for it, naming its log', async () => {
    const failing = child('process.exit(1)', { announces: true })
    await failing.start()
    await expect(failing.ready(20_000)).rejects.toThrow(/ended before it was ready \(exit 1\)/)
    await failing.stop()
  })

  test('that does not listen to SIGTERM is killed after its grace', async () => {
    const deaf = child(
      `process.on('SIGTERM', () => {}); process.send({ ready: true }); setInterval(() => {}, 1e6)`,
      {
        announces: true,
        graceMs: 300,
      },
    )
    await deaf.start()
    await deaf.ready(20_000)
    const pid = deaf.pid!
    await deaf.stop()
    expect(isAlive(pid)).toBe(false)
  })

  test('whose program does not exist is told, not thrown', async () => {
    const absent = child('', { program: async () => ({ command: join(dir, 'absent'), args: [] }) })
    await absent.start()
    await vi.waitFor(() => expect(absent.lastExit).toBeDefined(), { timeout: 15_000 })
    await absent.stop()
  })

  test('that cannot be spawned is counted once an attempt', async () => {
    const spawnless = child('', {
      program: async () => ({ command: process.execPath, args: [], env: { PATH: join(dir, 'nowhere') } }),
    })
    await spawnless.start()
    await vi.waitFor(() => expect(spawnless.lastExit).toContain('ENOENT'), { timeout: 15_000 })
    await new Promise(setImmediate)
    expect(spawnless.restarts).toBe(1)
    await spawnless.stop()
  })

  test('that could not be prepared for its restart is tried again', async () => {
    const failures = [new Error('the disk is full'), new Error('the disk is full')]
    let prepared = 0
    const recovering = child('', {
      announces: true,
      program: async () => {
        const failure = prepared++ > 0 ? failures.pop() : undefined
        if (failure) throw failure
        const script = failures.length > 0 ? 'process.exit(1)' : 'setInterval(() => {}, 1e6)'
        return { command: process.execPath, args: ['-e', script] }
      },
    })
    await recovering.start()
    await vi.waitFor(() => expect(failures).toHaveLength(0), { timeout: 15_000 })
    await vi.waitFor(() => expect(recovering.pid).toBeDefined(), { timeout: 15_000 })
    expect(recovering.lastExit).toContain('the disk is full')
    await recovering.stop()
  })
})
