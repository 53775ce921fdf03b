/** The service is killed again and again while a controller steps: every step is in the disk buffer once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { needs } from '../../needs.ts'
import { startSnap7 } from '../../servers/snap7.ts'

const service = fileURLToPath(new URL('./killed-service.ts', import.meta.url))
const first = 1_700_000_000
const steps = 24

test('a source killed at any moment has every step once', async context => {
  needs(context, 'python')
  const dir = mkdtempSync(join(tmpdir(), 'millrace-s7-kill-'))
  const path = join(dir, 'buffer.db')
  const server = await startSnap7({ 1: 6 })
  const begin = () =>
    spawn(process.execPath, [service, String(server.port), path], { stdio: ['ignore', 'ignore', 'inherit'] })
  const kill = async (child: ChildProcess) => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  let running = begin()
  for (let step = 1; step <= steps; step++) {
    const hex = (first + step).toString(16) + step.toString(16).padStart(4, '0')
    await server.set({ number: 1, offset: 0, hex })
    // Every fourth step meets a kill: before it is read, after the first reading, or later.
    if (step % 4 === 0) {
      if (step % 3 > 0) await server.read(1, step % 3)
      await kill(running)
      running = begin()
    }
    await server.read(1, 3)
  }
  await kill(running)
  await server.stop()
  const buffer = openBuffer({ path })
  const bodies = buffer.read(0, 1e9).map(({ body }) => Buffer.from(body).toString())
  buffer.close()
  rmSync(dir, { recursive: true, force: true })
  const times = bodies.flatMap(body =>
    Array.from(body.matchAll(/17000000\d\d000000/g), ([t]) => Number(t) / 1e6 - first),
  )
  const expected = Array.from({ length: steps }, (_, i) => i + 1).flatMap(step => [step, step])
  expect(times.toSorted((a, b) => a - b)).toEqual(expected)
})
