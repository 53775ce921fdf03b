import { setTimeout as sleep } from 'node:timers/promises'
import { coded, type Micros, type MillraceError } from '../../model/index.ts'
import type { OutRecord, Position, Task } from '../kafka.ts'
import { diskPlace, packPosition, type Sent, unpackPosition } from './disk-position.ts'
import { type Recall, type Recallable, type RecallOptions, recallOf } from './recall.ts'

/** What a drain needs of a disk buffer; rows carry rising sequence numbers without gaps. */
export interface Backlog extends Recallable {
  readonly epoch: number
  /** The last sequence number that was given before the epoch began. */
  readonly epochStart: number
  readonly lastSeq: number
  /** Up to here the buffer knows that Kafka has everything. */
  readonly acknowledgedSeq: number
  adoptEpoch(epoch: number, start: number): void
  /** Kafka records of the rows after `seq`, in order, with the sequence number of the last. */
  read(afterSeq: number): Next | undefined
  acknowledge(seq: number): void
  waitBeyond(seq: number, signal: AbortSignal): Promise<void>
}

type Next = {
  readonly records: readonly OutRecord[]
  /** The sequence number of each. */
  readonly seqs: readonly number[]
  readonly lastSeq: number
  /** When the first of them came in. */
  readonly receivedAt: Micros
  /** What the connector could resume from after these rows. */
  readonly resume?: string
}

/** Between the beginnings of two transactions, ms: what comes meanwhile goes into one. Where rows come seldom none waits. */
const paceMs = 100
/** Of values. Where as much has waited the next transaction begins at once. */
const largeBytes = 1_000_000

export type DrainOptions = {
  readonly task: Task
  readonly source: string
  /** Names the disk that the backlog is on: positions are kept a source and disk. */
  readonly server: string
  readonly backlog: Backlog
  /** What is needed to see whether brokers have lost rows; left out: the position alone is believed. */
  readonly recall?: Pick<RecallOptions, 'kafka' | 'partitions' | 'besides'>
  /** Once aborted, what is there is still sent, for as long as `signal` lets it. */
  readonly last: AbortSignal
  readonly signal: AbortSignal
  readonly onTrouble: (error: MillraceError) => void
  /** What else is to be kept in the transaction of rows, and is told when it is. */
  readonly beside?: (receivedAt: Micros) => { readonly position: Position; kept(): void } | undefined
}

/**
 * Moves a disk buffer into Kafka until aborted: records and the buffer's position in one transaction, so that no row
 * is missing or there twice, whatever dies when. After any transient error the stored position decides where to go on;
 * the task is kept, because a new one would fence a successor.
 * @throws MillraceError `fenced` when a successor has taken the source over
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { signal, source, onTrouble } = options
  while (!signal.aborted) {
    try {
      return await drainSession(options)
    } catch (thrown) {
      if (signal.aborted) return
      const error = coded(thrown, 'internal', `draining ${source} failed`, { transient: true })
      if (!error.transient) throw error
      onTrouble(error)
      await sleep(200, undefined, { signal }).catch(() => {})
    }
  }
}

async function drainSession(options: DrainOptions): Promise<void> {
  const { task, source, server, backlog, signal, last, beside } = options
  const place = diskPlace(source, server)
  const { metadata: resume, ...stored } = unpackPosition((await task.positions([place]))[0])
  const recall = options.recall && (await recallOf({ ...options, ...options.recall }))
  const left = { sent: recall?.after ?? startOf(backlog, stored), resume }
  backlog.acknowledge(left.sent)
  const ending = AbortSignal.any([signal, last])
  const settled = recalling(
    recall,
    Math.max(backlog.acknowledgedSeq, stored.epoch === backlog.epoch ? stored.seq : 0),
  )
  settled.at(left.sent)
  while (!signal.aborted) {
    const next = backlog.read(left.sent)
    if (!next) {
      if (last.aborted) return
      await backlog.waitBeyond(left.sent, ending)
      continue
    }
    left.resume = next.resume ?? left.resume
    const metadata = portable(left.resume)
    const offset = packPosition(backlog.epoch, next.lastSeq)
    const also = beside?.(next.receivedAt)
    const records = next.records.filter((_, i) => !recall?.present.has(next.seqs[i]!))
    const begun = performance.now()
    await task.commit(records, [{ ...place, offset, metadata }, ...(also ? [also.position] : [])])
    also?.kept()
    left.sent = next.lastSeq
    backlog.acknowledge(left.sent)
    settled.at(left.sent)
    if (!isLarge(records)) await paused(begun + paceMs, ending)
  }
}

function isLarge(records: readonly OutRecord[]): boolean {
  let bytes = 0
  for (const { value } of records) bytes += value?.length ?? 0
  return bytes >= largeBytes
}

async function paused(untilMs: number, signal: AbortSignal): Promise<void> {
  const left = untilMs - performance.now()
  if (left > 0) await sleep(left, undefined, { signal }).catch(() => {})
}

/** Notes once that all which may have been lost is in Kafka: whatever was acknowledged, or found there. */
function recalling(recall: Recall | undefined, acknowledged: number): { at(sent: number): void } {
  if (!recall) return { at: () => {} }
  const last = recall.present.size > 0 ? [...recall.present].reduce((a, b) => Math.max(a, b)) : 0
  let isDone = false
  return {
    at(sent) {
      if (isDone || sent < Math.max(acknowledged, last)) return
      isDone = true
      recall.done()
    },
  }
}

/** What brokers take beside an offset (`offset.metadata.max.bytes`). A successor does without what is longer. */
const longestResume = 16_384
const portable = (resume = '') => (Buffer.byteLength(resume) <= longestResume ? resume : '')

/**
 * The sequence number after which to go on in the backlog's epoch. Of an epoch that Kafka does not know, or knows no
 * longer (the hall lost its power, and the brokers the last they had), all that is still on disk goes out again, each
 * row under its own name.
 */
export function startOf({ epoch, epochStart }: Pick<Backlog, 'epoch' | 'epochStart'>, sent: Sent): number {
  return sent.epoch === epoch ? sent.seq : epochStart
}
