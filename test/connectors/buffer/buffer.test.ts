import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BufferedRecord, openBuffer } from '../../../connectors/buffer/buffer.ts'
import { projectRoot } from '../../needs.ts'

const record = (body: string): BufferedRecord => ({
  topic: 'telemetry',
  asset: 's/a/l/m',
  body: Buffer.from(body),
  samples: 1,
})
const bodies = (rows: { body: Uint8Array }[]) => rows.map(row => Buffer.from(row.body).toString())

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-buffer-'))
  path = join(dir, 'buffer.db')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('disk buffer', () => {
  test('gives rows back in order with gapless sequence numbers, whatever is read in between', () => {
    const buffer = openBuffer({ path })
    buffer.append([record('a'), record('b')], 1, '{}')
    expect(bodies(buffer.read(0, 1e6))).toEqual(['a', 'b'])
    buffer.append([record('c')], 2, '{}')
    expect(buffer.read(1, 1e6).map(row => row.seq)).toEqual([2, 3])
    expect(buffer.waiting).toBe(3)
    buffer.close()
  })

  test('keeps rows that were acknowledged as long again when they are sent again', () => {
    const buffer = openBuffer({ path, keepMs: 10_000 })
    buffer.append([record('a'), record('b'), record('c')], 7, '{}')
    buffer.acknowledge(2, 1_000)
    expect(buffer.firstAfter(0)).toEqual({ seq: 1, receivedAt: 7 })
    buffer.acknowledge(2, 50_000)
    buffer.acknowledge(3, 59_000)
    expect(buffer.firstAfter(0)?.seq).toBe(1)
    buffer.append([record('d')], 8, '{}')
    buffer.acknowledge(4, 60_001)
    expect(buffer.firstAfter(0)?.seq).toBe(3)
    buffer.close()
  })

  test('reads at least one row, and otherwise no more than asked for', () => {
    const buffer = openBuffer({ path })
    buffer.append([record('12345'), record('12345'), record('12345')], 1, '{}')
    expect(buffer.read(0, 1)).toHaveLength(1)
    expect(buffer.read(0, 10)).toHaveLength(2)
    buffer.close()
  })

  test('keeps acknowledged rows for the time it was told, and goes on numbering after they are gone', () => {
    const buffer = openBuffer({ path, keepMs: 1000 })
    buffer.append([record('a'), record('b'), record('c')], 1, '{}')
    buffer.acknowledge(2, 10_000)
    expect(buffer.waiting).toBe(1)
    expect(bodies(buffer.read(0, 1e6))).toEqual(['a', 'b', 'c'])
    buffer.acknowledge(3, 11_500)
    expect(bodies(buffer.read(0, 1e6))).toEqual(['c'])
    buffer.append([record('d')], 1, '{}')
    buffer.acknowledge(4, 99_000)
    buffer.close()
    const again = openBuffer({ path })
    again.append([record('e')], 1, '{}')
    expect(again.lastSeq).toBe(5)
    again.close()
  })

  test('that could not note an acknowledgement counts it once when it can', () => {
    const buffer = openBuffer({ path, maxBytes: 10 })
    buffer.append([record('12345'), record('12345')], 1, '{}')
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    expect(() => buffer.acknowledge(1, 1)).toThrow(/cannot be written/)
    other.exec('ROLLBACK')
    other.close()
    buffer.acknowledge(1, 1)
    buffer.append([record('12345')], 1, '{}')
    expect(() => buffer.append([record('1')], 1, '{}')).toThrow(/has not taken/)
    buffer.close()
  })

  test('refuses what goes beyond its bound, takes nothing of it, and takes more once Kafka has taken some', () => {
    const buffer = openBuffer({ path, maxBytes: 10 })
    buffer.append([record('12345678')], 1, '"first"')
    expect(() => buffer.append([record('1'), record('234')], 1, '"second"')).toThrow(/Kafka has not taken/)
    expect(buffer.lastSeq).toBe(1)
    expect(buffer.account()).toBe('"first"')
    buffer.acknowledge(1, 0)
    buffer.append([record('1234')], 1, '"third"')
    expect(buffer.lastSeq).toBe(2)
    buffer.close()
  })

  test('remembers epoch, account and what waits across a restart', () => {
    const buffer = openBuffer({ path })
    buffer.adoptEpoch(7)
    buffer.append([record('a'), record('b')], 1, '{"received":2}')
    buffer.acknowledge(1, 0)
    buffer.close()
    const again = openBuffer({ path })
    expect([again.epoch, again.lastSeq, again.waiting, again.account()]).toEqual([7, 2, 1, '{"received":2}'])
    again.close()
  })

  test('wakes who waits for a row, and lets them go when aborted', async () => {
    const buffer = openBuffer({ path })
    const stop = new AbortController()
    const woken = buffer.waitBeyond(0, stop.signal)
    buffer.append([record('a')], 1, '{}')
    await woken
    const aborted = buffer.waitBeyond(1, stop.signal)
    stop.abort()
    await aborted
    buffer.close()
  })

  test('says what to do when the file is no buffer', () => {
    expect(() => openBuffer({ path: dir })).toThrow(/cannot be opened/)
  })

  test('has every row whose append returned, and its account with it, after SIGKILL at any moment', async () => {
    for (let round = 0; round < 3; round++) {
      const told = await appendUntilKilled(path, 40 + 70 * round)
      const buffer = openBuffer({ path })
      expect(told).toBeGreaterThan(0)
      expect(buffer.lastSeq).toBeGreaterThanOrEqual(told)
      expect(buffer.read(0, 1e9).map(row => row.seq)).toEqual(
        Array.from({ length: buffer.lastSeq }, (_, i) => i + 1),
      )
      expect(Number(buffer.account())).toBe(buffer.lastSeq)
      buffer.close()
    }
  })
})

describe('what a successor needs', () => {
  test('what to resume from is told as of a row, however much was appended since', () => {
    const buffer = openBuffer({ path, keepMs: 0 })
    buffer.append([record('a'), record('b')], 1, '{}', 'after b')
    buffer.append([record('c')], 1, '{}')
    buffer.append([record('d')], 1, '{}', 'after d')
    buffer.append([], 1, '{}', 'later')
    expect([1, 2, 3, 4].map(seq => buffer.resumeAt(seq))).toEqual([undefined, 'after b', 'after b', 'later'])
    buffer.acknowledge(3, 1)
    expect(buffer.resumeAt(3)).toBe('after b')
    buffer.resumeFrom('of another server')
    expect(buffer.resume()).toBe('of another server')
    expect(buffer.resumeAt(3)).toBeUndefined()
    buffer.resumeFrom(undefined)
    expect(buffer.resume()).toBeUndefined()
    buffer.close()
    const again = openBuffer({ path })
    expect(again.resume()).toBeUndefined()
    again.close()
  })

  test('an epoch is remembered with the number at which it began', () => {
    const buffer = openBuffer({ path })
    buffer.append([record('a'), record('b')], 1, '{}')
    buffer.acknowledge(1, 1)
    buffer.adoptEpoch(3)
    buffer.close()
    const again = openBuffer({ path })
    expect([again.epoch, again.epochStart]).toEqual([3, 1])
    again.adoptEpoch(4, 2)
    expect([again.epoch, again.epochStart]).toEqual([4, 2])
    again.close()
  })

  test('other contents under the same number move the account and the bound with them', () => {
    const buffer = openBuffer({ path, maxBytes: 10 })
    buffer.append([record('12345'), record('12345')], 1, '1')
    const [row] = buffer.read(1, 1)
    buffer.replace([{ ...row!, body: Buffer.from('1') }], '2')
    expect(bodies(buffer.read(0, 1e6))).toEqual(['12345', '1'])
    expect(buffer.account()).toBe('2')
    buffer.append([record('1234')], 1, '3')
    expect(() => buffer.append([record('1')], 1, '4')).toThrow(/has not taken/)
    buffer.acknowledge(3, 1)
    buffer.append([record('1234567890')], 1, '5')
    buffer.close()
  })
})

/** Another process appends and says each sequence number that is safe; it is killed after `ms`. Gives the last it said. */
async function appendUntilKilled(file: string, ms: number): Promise<number> {
  const script = `
    const { openBuffer } = await import('${join(projectRoot, 'connectors/buffer/buffer.ts')}')
    const buffer = openBuffer({ path: '${file}' })
    for (;;) {
      buffer.append([{ topic: 'telemetry', asset: 's/a/l/m', body: Buffer.alloc(200), samples: 1 }], 1, String(buffer.lastSeq + 1))
      require('node:fs').writeSync(1, buffer.lastSeq + '\\n')
    }`
  const source = `const require = (await import('node:module')).createRequire('/');${script}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source])
  let said = ''
  const first = Promise.withResolvers<void>()
  child.stdout.on('data', chunk => {
    said += chunk
    first.resolve()
  })
  child.on('exit', () => first.resolve())
  await first.promise
  setTimeout(() => child.kill('SIGKILL'), ms)
  await new Promise(resolve => child.once('close', resolve))
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1))
}
