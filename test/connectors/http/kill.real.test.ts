import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../free-ports.ts'
import { needs, python } from '../../needs.ts'
import { curl, json, keyed, record, stateDir } from './bench.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

let service: ChildProcess | undefined
afterEach(() => service?.kill('SIGKILL'))

/** Resolves once it listens. */
async function startService(dir: string, port: number, killed?: 'before' | 'after'): Promise<ChildProcess> {
  const args = [here('service.ts'), dir, String(port), ...(killed ? [killed] : [])]
  service = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(service.stdout!, 'data')
  return service
}

/** Resolves when the service has stored so many requests more. */
async function stored({ stdout }: ChildProcess, requests: number): Promise<void> {
  for (let seen = 0; seen < requests; ) {
    const [chunk] = (await once(stdout!, 'data')) as [Buffer]
    seen += chunk.toString().split('stored').length - 1
  }
}

/** Every value of the tag speed in the disk buffer, in order. */
function storedIn(dir: string): number[] {
  const db = new DatabaseSync(join(dir, 'buffer.db'), { readOnly: true })
  const rows = db.prepare('SELECT body FROM record ORDER BY seq').all() as { body: Uint8Array }[]
  db.close()
  return rows.flatMap(({ body }) => (JSON.parse(`{${Buffer.from(body)}`) as { value: number[] }).value)
}

describe('a SIGKILL of the service', () => {
  test.each(['before', 'after'] as const)('%s storing, and the same again: stored once', async killed => {
    const [dir, port] = [await stateDir(), await freePort()]
    const doomed = await startService(dir, port, killed)
    const post = () => curl(`http://127.0.0.1:${port}/telemetry`, [...json, ...keyed('run-1')], body)
    const body = record(17)
    const [first] = await Promise.all([post(), once(doomed, 'exit')])
    expect(first.status).toBe(0)
    expect(storedIn(dir)).toEqual(killed === 'after' ? [17] : [])
    await startService(dir, port)
    const second = await post()
    expect(second).toMatchObject({ status: 200, body: '{"stored":1}\n' })
    expect(second.headers.get('idempotency-replayed')).toBe(killed === 'after' ? 'true' : undefined)
    expect(storedIn(dir)).toEqual([17])
  })

  test('again and again at any moment: all that was posted is there once, also when all of it is posted again', async context => {
    needs(context, 'python')
    const [dir, port, count] = [await stateDir(), await freePort(), 150]
    await startService(dir, port)
    const args = [here('post.py'), `http://127.0.0.1:${port}/`, String(count), String(Date.now() * 1000)]
    const posting = promisify(execFile)(python, args)
    for (let kills = 0; kills < 4; kills++) {
      // Some more are stored before it is killed, so that the kill comes into the midst of it.
      await stored(service!, 15 + 7 * kills)
      const dying = once(service!, 'exit')
      service!.kill('SIGKILL')
      await dying
      await startService(dir, port)
    }
    const { answers, tries } = JSON.parse((await posting).stdout) as {
      answers: { stored: number }[]
      tries: number
    }
    expect(tries).toBeGreaterThan(count)
    expect(answers.every(({ stored }) => stored === 1)).toBe(true)
    const all = Array.from({ length: count }, (_, i) => i)
    expect(storedIn(dir)).toEqual(all)
    const again = JSON.parse((await promisify(execFile)(python, args)).stdout) as { answers: unknown }
    expect(again.answers).toEqual(answers)
    expect(storedIn(dir)).toEqual(all)
  })
})
