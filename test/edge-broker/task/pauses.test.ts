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

async function sizesOf(reader: Reader): Promise<number[]> {
  const sizes: number[] = []
  for await (const batch of withPauses(reader)) sizes.push(batch.length)
  return sizes
}

describe.concurrent('pauses', () => {
  test('are told once a second while nothing comes, and nothing is lost by them', async () => {
    expect(await sizesOf(readerOf([10, 2_500, 10], true))).toEqual([1, 0, 0, 1, 1])
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

test('a partition was read to its end when an answer has nothing before the last stable offset', () => {
  const lane = newLane({ topic: 'telemetry', partition: 0 }, 7n, undefined)
  const answer = (lastStableOffset: bigint) =>
    ({ batches: Buffer.alloc(0), lastStableOffset }) as unknown as Parameters<typeof receive>[2]
  expect(lane.atEnd).toBe(false)
  receive(lane, 1, answer(9n))
  expect(lane.atEnd).toBe(false)
  receive(lane, 1, answer(7n))
  expect(lane.atEnd).toBe(true)
})
