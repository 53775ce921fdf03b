/** The disk buffer on a small file system of its own (tmpfs) that is really full. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BufferedRecord, openBuffer } from '../../../connectors/buffer/buffer.ts'
import { needs, projectRoot } from '../../needs.ts'

const record: BufferedRecord = {
  topic: 'telemetry',
  asset: 's/a/l/m',
  body: Buffer.alloc(20_000, 'x'),
  samples: 100,
}

let disk: string
let path: string
let mounted = false
beforeEach(context => {
  needs(context, 'mount')
  disk = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk])
  mounted = true
  path = join(disk, 'buffer.db')
})
afterEach(() => {
  if (!mounted) return
  execFileSync('umount', ['-l', disk]) // lazily: a test that failed leaves its files open
  rmdirSync(disk)
  mounted = false
})

/** Takes the last byte there is. */
function fill(): void {
  const file = openSync(join(disk, 'filler'), 'a')
  try {
    for (const size of [1 << 20, 4096]) {
      const block = Buffer.alloc(size)
      for (;;) if (!wrote(file, block)) break
    }
  } finally {
    closeSync(file)
  }
}

function wrote(file: number, block: Buffer): boolean {
  try {
    return writeSync(file, block) === block.length
  } catch {
    return false
  }
}

const unfill = () => rmSync(join(disk, 'filler'))
const seqs = (rows: readonly { seq: number }[]) => rows.map(({ seq }) => seq)
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

function integrity(): unknown {
  const db = new DatabaseSync(path)
  try {
    return db.prepare('PRAGMA integrity_check').get()
  } finally {
    db.close()
  }
}

describe('a disk buffer on a full disk', () => {
  test('takes nothing, keeps what it has, is emptied by its reserve, and takes more once there is space', () => {
    const buffer = openBuffer({ path, keepMs: 0 })
    for (let i = 0; i < 100; i++) buffer.append([record], 1, `${i + 1}`)
    fill()
    let refused: unknown
    for (let i = 0; refused === undefined && i < 2_000; i++) {
      try {
        buffer.append([record], 1, `${buffer.lastSeq + 1}`) // into what its files have left
      } catch (thrown) {
        refused = thrown
      }
    }
    expect(refused).toMatchObject({ code: 'disk', transient: true })
    const held = buffer.lastSeq
    expect(held).toBeGreaterThanOrEqual(100)
    expect(Number(buffer.account())).toBe(held)
    expect(buffer.waiting).toBe(held)

    while (buffer.waiting > 0) {
      const rows = buffer.read(buffer.acknowledgedSeq, 2_000_000)
      expect(rows[0]?.seq).toBe(buffer.acknowledgedSeq + 1)
      buffer.acknowledge(rows.at(-1)!.seq, buffer.acknowledgedSeq)
    }
    expect(buffer.acknowledgedSeq).toBe(held)

    unfill()
    buffer.append([record], 1, `${held + 1}`)
    buffer.acknowledge(held + 1, 1)
    expect(existsSync(`${path}-reserve`)).toBe(true)
    buffer.close()
    expect(integrity()).toEqual({ integrity_check: 'ok' })
    const again = openBuffer({ path })
    expect([again.lastSeq, again.waiting]).toEqual([held + 1, 0])
    again.close()
  })

  test('counts as full before its disk is, and lets the class go that may be dropped', () => {
    const whenFull = { telemetry: 'drop-oldest', waveform: 'drop-oldest' } as const
    const buffer = openBuffer({ path, minFreeBytes: 16 << 20, whenFull })
    const begin = performance.now()
    for (let i = 0; i < 3_000 && performance.now() - begin < 20_000; i++) buffer.append([record], 1, '{}')
    const [range] = buffer.dropped
    expect(range).toMatchObject({ class: 'telemetry', from: 1 })
    expect(range!.records + buffer.waiting).toBe(buffer.lastSeq)
    expect(range!.samples).toBe(100 * range!.records)
    buffer.close()
    expect(integrity()).toEqual({ integrity_check: 'ok' })
  })

  test('has every row that it took, after SIGKILL in the middle of it', async () => {
    const told = await fillUntilKilled()
    const buffer = openBuffer({ path })
    expect(told).toBeGreaterThan(0)
    expect(buffer.lastSeq).toBeGreaterThanOrEqual(told)
    const rows: number[] = []
    for (let last = 0; last < buffer.lastSeq; last = rows.at(-1)!) rows.push(...seqs(buffer.read(last, 1e9)))
    expect(rows).toEqual(upTo(buffer.lastSeq))
    expect(Number(buffer.account())).toBe(buffer.lastSeq)
    buffer.close()
    expect(integrity()).toEqual({ integrity_check: 'ok' })
  })
})

/** Another process appends until its disk is full and on, and is killed when that is so; the last row it was sure of. */
async function fillUntilKilled(): Promise<number> {
  const source = `
    const { openBuffer } = await import('${join(projectRoot, 'connectors/buffer/buffer.ts')}')
    const buffer = openBuffer({ path: '${path}' })
    const record = { topic: 'telemetry', asset: 's/a/l/m', body: Buffer.alloc(20000), samples: 1 }
    for (;;) {
      try {
        buffer.append([record], 1, String(buffer.lastSeq + 1))
        console.log(buffer.lastSeq)
      } catch (error) {
        console.log(error.code)
      }
      await new Promise(setImmediate)
    }`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  let last = 0
  let refusals = 0
  for await (const line of createInterface(child.stdout!)) {
    if (line === 'disk') refusals++
    else last = Number(line) || last
    if (refusals === 20) child.kill('SIGKILL')
  }
  await ended
  return last
}
