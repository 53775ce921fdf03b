import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { newLane, receive } from '../../../edge-broker/client/lane.ts'
import type { InRecord, Reader } from '../../../edge-broker/kafka.ts'
import { withPauses } from '../../../edge-broker/task/pauses.ts'

const record = { topic: 'telemetry', partition: 0, offset: 0n } as InRecord

/** Gives one record after each of the waits, and then ends or fails. */
function readerOf(waitsMs: readonly number[], isAtEnd: boolean, failure?: Error): Reader {
  return {
    isAtEnd,
    close: async () => {},
    async *[Symbol.asyncIterator]() {
      for (const ms of waitsMs) {
        await sleep(ms)
        yield [record]
      }
      if (failure) throw failure
    },
  }
}

async function sizesOf(reader: Reader, clock?: string): Promise<number[]> {
  const sizes: number[] = []
  for await (const batch of withPauses(reader, clock)) sizes.push(batch.length)
  return sizes
}

describe.concurrent('pauses', () => {
  test('are told once a second while nothing comes, and nothing is lost by them', async () => {
    expect(await sizesOf(readerOf([10, 2_500, 10], true))).toEqual([1, 0, 0, 1, 1])
  })

  test('are of the clock: told once a second whatever comes of other topics, and not while it goes', async () => {
    const often = Array.from({ length: 24 }, () => 100)
    const pausesBy = async (clock: string | undefined) =>
      (await sizesOf(readerOf(often, true), clock)).filter(size => size === 0).length
    const [waveforms, telemetry, any] = await Promise.all([
      pausesBy('another'),
      pausesBy(record.topic),
      pausesBy(undefined),
    ])
    expect(waveforms).toBeGreaterThanOrEqual(2)
    expect([telemetry, any]).toEqual([0, 0])
    expect(await sizesOf(readerOf(often, false), 'another')).not.toContain(0)
  })

  test('are not told where there is more to be read', async () => {
    expect(await sizesOf(readerOf([10, 1_500], false))).toEqual([1, 1])
  })

  test('hide no failure, also of one that comes while a pause is worked on', async () => {
    const sizes: number[] = []
    const read = async () => {
      for await (const batch of withPauses(readerOf([1_200], true, new Error('gone')))) {
        sizes.push(batch.length)
        await sleep(500)
      }
    }
    await expect(read()).rejects.toThrow('gone')
    expect(sizes).toEqual([0, 1])
  })
})

test('a partition was read to its end when an answer leaves nothing before the last stable offset', () => {
  const lane = newLane({ topic: 'telemetry', partition: 0 }, 7n, undefined)
  const answer = (lastStableOffset: bigint, batches: Buffer = Buffer.alloc(0)) =>
    ({ batches, lastStableOffset }) as unknown as Parameters<typeof receive>[2]
  expect(lane.atEnd).toBe(false)
  receive(lane, 1, answer(9n))
  expect(lane.atEnd).toBe(false)
  receive(lane, 1, answer(7n))
  expect(lane.atEnd).toBe(true)
  // Where records come steadily no answer is ever empty.
  receive(lane, 1, answer(10n, recordsAt(7n, 2)))
  expect(lane.atEnd).toBe(false)
  receive(lane, 1, answer(10n, recordsAt(9n, 1)))
  expect(lane.atEnd).toBe(true)
})

/** A batch of so many records, as far as its header tells of them. */
function recordsAt(base: bigint, count: number): Buffer {
  const batch = Buffer.alloc(61)
  batch.writeBigInt64BE(base, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt32BE(count - 1, 23)
  return batch
}
