import { describe, expect, test } from 'vitest'
import { type FetchAnswer, isWhole } from '../../../edge-broker/client/fetch.ts'
import { hasEnded, isOpen, newLane, passEmptiness } from '../../../edge-broker/client/lane.ts'

const answer = (partition: number, bytes: number, lastStableOffset: bigint): FetchAnswer => ({
  topicId: 't',
  partition,
  errorCode: 0,
  lastStableOffset,
  aborted: [],
  batches: Buffer.alloc(bytes),
})
const lane = (end: bigint) => newLane({ topic: 't', partition: 0 }, 3n, end)

describe('a partition of which compaction has left nothing before the end', () => {
  test('has ended, however much another partition of the same answer gives', () => {
    const answers = [answer(0, 0, 9n), answer(1, 5_000, 9n)]
    const of = lane(8n)
    expect(isWhole(answers)).toBe(true)
    passEmptiness(of, answers[0]!)
    expect(hasEnded(of)).toBe(true)
    expect(isOpen(of)).toBe(false)
  })

  test('has not while its end is not stable, or when something of it came', () => {
    for (const given of [answer(0, 0, 7n), answer(0, 100, 9n)]) {
      const of = lane(8n)
      passEmptiness(of, given)
      expect(hasEnded(of)).toBe(false)
    }
  })

  test('cannot be told from an answer that is full', () => {
    expect(isWhole([answer(0, 0, 9n), answer(1, 4 << 20, 9n), answer(2, 4 << 20, 9n)])).toBe(false)
  })
})
