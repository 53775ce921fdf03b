import type { InRecord } from '../kafka.ts'
import { committedRecords, nextOffset } from './batches.ts'
import type { FetchAnswer } from './fetch.ts'
import type { Partition } from './offsets.ts'

/** Where the reading of one partition stands. */
export type Lane = Partition & {
  topicId: string
  /** The broker to ask; `unknown` until the next look at the metadata */
  leader: number
  /** What to fetch next: ahead of what was taken by at most one fetch. */
  fetchOffset: bigint
  /** What the caller has had; control records and aborted ones count. */
  takenOffset: bigint
  readonly end: bigint | undefined
  /** There was nothing stable behind what the last answer held. */
  atEnd: boolean
  /** In a fetch that is under way. It is in one at a time, so that nothing is read twice. */
  asked: boolean
  /** ms UTC of the first failure since the last good answer */
  troubledSince: number | undefined
}

/** What a fetch gave for one partition, not decoded yet. */
export type Chunk = {
  readonly lane: Lane
  readonly broker: number
  readonly from: bigint
  readonly next: bigint
  readonly answer: FetchAnswer
}

export const unknown = -1

export function newLane({ topic, partition }: Partition, begin: bigint, end: bigint | undefined): Lane {
  return {
    topic,
    partition,
    topicId: '',
    leader: unknown,
    fetchOffset: begin,
    takenOffset: begin,
    end,
    atEnd: false,
    asked: false,
    troubledSince: undefined,
  }
}

/** Whether there is more to fetch. */
export function isOpen({ end, fetchOffset }: Lane): boolean {
  return end === undefined || fetchOffset < end
}

export function hasEnded({ end, takenOffset }: Lane): boolean {
  return end !== undefined && takenOffset >= end
}

/** Moves the lane behind what the answer holds; undefined when that is nothing. */
export function receive(lane: Lane, broker: number, answer: FetchAnswer): Chunk | undefined {
  lane.troubledSince = undefined
  const from = lane.fetchOffset
  const next = nextOffset(answer.batches) ?? from
  // Also of an answer that holds something: where records come steadily, none is ever empty.
  lane.atEnd = next >= answer.lastStableOffset
  if (next <= from) return undefined
  lane.fetchOffset = next
  return { lane, broker, from, next, answer }
}

/**
 * Nothing may be left before the end: compaction has removed it.
 * @param answer one that its size has not cut short; of a partition left out for want of room it tells nothing
 */
export function passEmptiness(lane: Lane, { lastStableOffset, batches }: FetchAnswer): void {
  if (batches.length > 0) return
  if (lane.end === undefined || lane.fetchOffset >= lane.end || lastStableOffset < lane.end) return
  lane.fetchOffset = lane.end
  lane.takenOffset = lane.end
}

/** The chunk's visible records before the lane's end. */
export function take({ lane, from, next, answer }: Chunk): InRecord[] {
  const { topic, partition, end } = lane
  const { batches, aborted } = answer
  const records = committedRecords({ topic, partition, from, batches, aborted })
  lane.takenOffset = next
  return end === undefined || next <= end ? records : records.filter(({ offset }) => offset < end)
}
