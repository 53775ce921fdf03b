import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BufferedRecord, type DiskBuffer, openBuffer } from '../../../connectors/buffer/buffer.ts'

const telemetry = (samples: number): BufferedRecord => ({
  topic: 'telemetry',
  asset: 's/a/l/m',
  body: Buffer.alloc(10),
  samples,
})
const block: BufferedRecord = {
  topic: 'waveforms',
  asset: 's/a/l/m',
  tag: 'v',
  body: Buffer.alloc(10),
  samples: 1,
}
const whenFull = { telemetry: 'back-pressure', waveform: 'drop-oldest' } as const

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-full-'))
  path = join(dir, 'buffer.db')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const seqs = (buffer: DiskBuffer) => buffer.read(buffer.acknowledgedSeq, 1e9).map(({ seq }) => seq)

/** Sequence numbers missing among the first `last`, by what is still there. */
const missing = (there: readonly number[], last: number) =>
  Array.from({ length: last }, (_, i) => i + 1).filter(seq => !there.includes(seq))

describe('a full disk buffer', () => {
  test('drops the oldest of the class that may be dropped, and its account of it fits to the record', () => {
    const buffer = openBuffer({ path, maxBytes: 60, whenFull })
    for (let i = 0; i < 3; i++) buffer.append([telemetry(5), block], 1, '{}')
    buffer.append([telemetry(7)], 1, '{}')
    buffer.append([telemetry(7)], 1, '{}')
    expect(buffer.dropped).toEqual([{ class: 'waveform', epoch: 0, from: 2, to: 4, records: 2, samples: 2 }])
    expect(buffer.waiting).toBe(6)
    expect(missing(seqs(buffer), 8)).toEqual([2, 4])
    buffer.close()
  })

  test('holds the class that may not be dropped back, and takes nothing of it', () => {
    const buffer = openBuffer({ path, maxBytes: 30, whenFull })
    for (let i = 0; i < 3; i++) buffer.append([telemetry(5)], 1, '{}')
    expect(() => buffer.append([telemetry(5)], 1, '{}')).toThrow(/has not taken/)
    expect(buffer.lastSeq).toBe(3)
    expect(buffer.dropped).toEqual([])
    buffer.close()
  })

  test('drops what comes when nothing older of its class is there', async () => {
    const buffer = openBuffer({ path, maxBytes: 30, whenFull })
    for (let i = 0; i < 3; i++) buffer.append([telemetry(5)], 1, '{}')
    buffer.append([block], 1, '{}')
    expect(buffer.dropped).toEqual([{ class: 'waveform', epoch: 0, from: 4, to: 4, records: 1, samples: 1 }])
    buffer.acknowledge(3, 1)
    const stop = new AbortController()
    const waiting = buffer.waitBeyond(3, stop.signal)
    buffer.append([telemetry(1)], 1, '{}')
    await waiting
    expect(seqs(buffer)).toEqual([5])
    buffer.close()
  })

  test('never drops what was handed out: it may be in Kafka already; nor does it after a restart', () => {
    const both = { telemetry: 'drop-oldest', waveform: 'drop-oldest' } as const
    const buffer = openBuffer({ path, maxBytes: 30, whenFull: both })
    for (let i = 0; i < 3; i++) buffer.append([telemetry(1)], 1, '{}')
    buffer.read(0, 20)
    buffer.append([telemetry(1)], 1, '{}')
    expect(buffer.dropped).toMatchObject([{ from: 3, to: 3 }])
    buffer.close()
    const again = openBuffer({ path, maxBytes: 30, whenFull: both })
    again.append([telemetry(9)], 1, '{}')
    expect(again.dropped).toMatchObject([{ from: 3, to: 5, records: 2, samples: 10 }])
    expect(seqs(again)).toEqual([1, 2, 4])
    again.close()
  })

  test('makes one range of one outage, another of the next, and puts them under the epoch they go out in', () => {
    const drop = { telemetry: 'drop-oldest', waveform: 'drop-oldest' } as const
    const buffer = openBuffer({ path, maxBytes: 20, whenFull: drop })
    for (let i = 0; i < 6; i++) buffer.append([telemetry(2)], 1, '{}')
    buffer.adoptEpoch(4)
    expect(buffer.dropped).toEqual([{ class: 'telemetry', epoch: 4, from: 1, to: 4, records: 4, samples: 8 }])
    buffer.acknowledge(6, 1)
    for (let i = 0; i < 3; i++) buffer.append([telemetry(2)], 1, '{}')
    buffer.close()
    const again = openBuffer({ path })
    expect(again.dropped.map(({ from, to, records }) => [from, to, records])).toEqual([
      [1, 4, 4],
      [7, 7, 1],
    ])
    expect([again.acknowledgedSeq, again.waiting]).toEqual([6, 2])
    again.close()
  })

  test('takes any one append while it is empty, so that nothing waits for ever', () => {
    const buffer = openBuffer({ path, maxBytes: 5 })
    buffer.append([telemetry(1)], 1, '{}')
    expect(buffer.waiting).toBe(1)
    buffer.close()
  })

  test('counts as full while its disk has less free than it must leave', () => {
    const buffer = openBuffer({ path, minFreeBytes: Number.MAX_SAFE_INTEGER })
    buffer.append([telemetry(1)], 1, '{}')
    const large = { ...telemetry(1), body: Buffer.alloc(1 << 20) }
    expect(() => buffer.append([large], 1, '{}')).toThrow(/disk .* nearly full/)
    buffer.close()
  })
})
