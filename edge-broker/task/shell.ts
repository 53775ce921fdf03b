import { setTimeout as sleep } from 'node:timers/promises'
import { coded, MillraceError } from '../../model/index.ts'
import type { Admin, InRecord, Kafka, OutRecord, Position, Reader, Task } from '../kafka.ts'
import { pauseMs, withPauses } from './pauses.ts'
import { inTurns, slicesOf } from './slices.ts'

/** The work of one partition, free of Kafka: what the shell restores, steps and asks for what has changed. */
export interface Worker {
  /** The last entry of each key in the changelog. Throws on one that it cannot read. */
  restore(key: string, value: Buffer): void
  /**
   * Outputs of one input record.
   * @throws MillraceError `bad-payload` on a record that cannot be read, having changed nothing: that goes to the
   * dead-letter topic. So does what makes it throw anything else, but then its state is in doubt, and restored.
   */
  step(record: InRecord): readonly OutRecord[]
  /** That all that is there was read, and nothing of the clock has come since `ms`, a second ago: its outputs. */
  idle?(partition: number, ms: number): readonly OutRecord[]
  /** State entries changed since the last call, for the changelog. */
  changed(): readonly { readonly key: string; readonly value: string | Uint8Array | null }[]
}

export type PartitionOptions = {
  readonly kafka: Kafka
  readonly partition: number
  readonly inputs: readonly string[]
  /** The input whose records tell the worker that time goes on; without them it is told by `idle`. Left out: all do. */
  readonly clock?: string
  /** The changelog topic, compacted, with as many partitions as the inputs. */
  readonly changelog: string
  readonly deadLetter: string
  readonly group: string
  readonly newWorker: () => Worker
  readonly signal: AbortSignal
  /** Also told of every record that goes to the dead-letter topic, and of records lost to retention before they were read. */
  readonly onTrouble: (error: MillraceError) => void
  readonly onCommit?: (inputs: number, outputs: number) => void
  /** The partition is this task's, and its state is there. */
  readonly onRestored?: (restored: { readonly entries: number; readonly ms: number }) => void
}

/** What made the worker fail: records by their place, and pauses. */
type Poison = Map<string, MillraceError>
type SessionOptions = PartitionOptions & { readonly poison: Poison }

/**
 * Runs one partition until aborted. Consume, step, produce outputs, state and positions in one transaction: exactly
 * once. Built on fencing: the task first fences its predecessor, only then reads positions and restores. After any
 * transient error everything is thrown away and restored from what was committed.
 * @throws MillraceError `fenced` when a successor has taken the partition over
 */
export async function runPartition(options: PartitionOptions): Promise<void> {
  const { kafka, partition, group, signal, onTrouble } = options
  const poison: Poison = new Map()
  while (!signal.aborted) {
    let task: Task | undefined
    try {
      task = await kafka.task({ id: `${group}.${partition}`, group, signal })
      await partitionSession({ ...options, poison }, task)
    } catch (thrown) {
      if (signal.aborted) return
      const error = coded(thrown, 'internal', `processing partition ${partition} failed`, { transient: true })
      if (!error.transient) throw error
      onTrouble(error)
      await sleep(500, undefined, { signal }).catch(() => {})
    } finally {
      await task?.close().catch(() => {})
    }
  }
}

async function partitionSession(options: SessionOptions, task: Task): Promise<void> {
  const { kafka, partition, inputs, clock, newWorker, signal, changelog, onTrouble, onRestored } = options
  const since = performance.now()
  const partitions = inputs.map(topic => ({ topic, partition }))
  const worker = newWorker()
  const changes = { topic: changelog, partition }
  const [start, entries] = await withAdmin(kafka, admin =>
    Promise.all([startingPositions(admin, task, partitions), restore(kafka, admin, changes, worker, signal)]),
  )
  onRestored?.({ entries, ms: performance.now() - since })
  const onGap = (gap: Gap) => onTrouble(removedUnread(gap))
  const reader = await kafka.reader({ partitions, start, onGap })
  await readUntilAborted(withPauses(reader, clock), signal, async batch => {
    if (batch.length === 0) await idled(options, task, worker)
    for (const slice of slicesOf(batch)) await processed(options, task, worker, slice)
  })
}

/** One transaction. What an abort interrupts is not committed. */
async function processed(
  options: SessionOptions,
  task: Task,
  worker: Worker,
  records: readonly InRecord[],
): Promise<void> {
  const { signal, onCommit } = options
  const outputs = await inTurns(records, signal, record => stepped(worker, record, options))
  if (signal.aborted) return
  await task.commit([...outputs, ...stateOf(worker, options)], nextPositions(records))
  onCommit?.(records.length, outputs.length)
}

/** What came within the last second may still be on its way: the time that is told is before it. */
async function idled(options: SessionOptions, task: Task, worker: Worker): Promise<void> {
  const outputs = guarded(
    'a pause',
    options,
    () => worker.idle?.(options.partition, Date.now() - pauseMs) ?? [],
  )
  await task.commit([...outputs, ...stateOf(worker, options)], [])
}

function stateOf(worker: Worker, { changelog, partition }: PartitionOptions): OutRecord[] {
  return worker.changed().map(({ key, value }) => ({ topic: changelog, partition, key, value }))
}

/** Closes the reader, whichever way it ends; an abort before the first batch, too, ends it at once. */
async function readUntilAborted(
  reader: Reader,
  signal: AbortSignal,
  take: (batch: readonly InRecord[]) => Promise<void>,
): Promise<void> {
  const close = () => void reader.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  try {
    for await (const batch of reader) {
      if (signal.aborted) return
      await take(batch)
    }
  } finally {
    signal.removeEventListener('abort', close)
    await reader.close()
  }
}

type Gap = Parameters<NonNullable<Parameters<Kafka['reader']>[0]['onGap']>>[0]

function removedUnread({ topic, partition, from, to }: Gap): MillraceError {
  return new MillraceError(
    'bad-address',
    `${to - from} offsets of ${topic}/${partition} from ${from} on were removed before they were processed`,
    { hint: 'The processors were away for longer than the topic is kept: what lies there was not evaluated' },
  )
}

/** What was never committed starts at the earliest record. */
async function startingPositions(
  admin: Promise<Admin>,
  task: Task,
  partitions: readonly { topic: string; partition: number }[],
): Promise<Position[]> {
  const committed = await task.positions(partitions)
  const same = (a: { topic: string; partition: number }) => (b: { topic: string; partition: number }) =>
    a.topic === b.topic && a.partition === b.partition
  const missing = partitions.filter(of => !committed.some(same(of)))
  if (missing.length === 0) return committed
  const topics = missing.map(of => of.topic)
  const earliest = await (await admin).offsets(topics, 'earliest')
  return [...committed, ...missing.flatMap(of => earliest.filter(same(of)))]
}

/** One for all questions of a takeover, opened while the first of them go elsewhere. */
async function withAdmin<T>(kafka: Kafka, work: (admin: Promise<Admin>) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  try {
    return await work(admin)
  } finally {
    await admin.then(
      opened => opened.close(),
      () => {},
    )
  }
}

/** Reads the changelog to its end as of now; the fenced predecessor cannot add to it any more. */
async function restore(
  kafka: Kafka,
  admin: Promise<Admin>,
  of: { topic: string; partition: number },
  worker: Worker,
  signal: AbortSignal,
): Promise<number> {
  const latest = await (await admin).offsets([of.topic], 'latest')
  const end = latest.filter(position => position.partition === of.partition)
  const reader = await kafka.reader({ partitions: [of], start: 'earliest', end })
  const entries = new Map<string, Buffer>()
  await readUntilAborted(reader, signal, async batch => keepLast(entries, batch))
  signal.throwIfAborted() // half a state is none
  for (const [key, value] of entries) worker.restore(key, value)
  return entries.size
}

/** Copies what is kept: it would hold all the memory of its batch. */
function keepLast(entries: Map<string, Buffer>, batch: readonly InRecord[]): void {
  for (const [key, value] of new Map(batch.map(({ key, value }) => [key, value]))) {
    if (value) entries.set(key, Buffer.from(value))
    else entries.delete(key)
  }
}

function stepped(worker: Worker, record: InRecord, options: SessionOptions): readonly OutRecord[] {
  const letter = (error: MillraceError) => [deadLetter(record, error, options)]
  return guarded(placeOf(record), options, () => worker.step(record), letter)
}

/** What a worker fails on is left out when its state was restored; `instead` then stands for it. */
function guarded(
  what: string,
  { poison }: SessionOptions,
  work: () => readonly OutRecord[],
  instead: (error: MillraceError) => readonly OutRecord[] = () => [],
): readonly OutRecord[] {
  const known = poison.get(what)
  if (known) return instead(known)
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof MillraceError && thrown.code === 'bad-payload') return instead(thrown)
    const error = coded(thrown, 'internal', 'a processor fails on it')
    poison.set(what, error)
    throw new MillraceError('internal', `${what}: ${error.message}`, {
      transient: true,
      cause: error,
      hint: 'The state before it is restored, and it is left out',
    })
  }
}

const placeOf = ({ topic, partition, offset }: InRecord): string => `${topic}/${partition}/${offset}`

function deadLetter(record: InRecord, error: MillraceError, options: PartitionOptions): OutRecord {
  const { deadLetter: topic, partition, onTrouble } = options
  const { key, value, timestamp } = record
  const position = placeOf(record)
  onTrouble(new MillraceError(error.code, `${position} goes to ${topic}: ${error.message}`, { cause: error }))
  // A waveform is nothing without its headers, and a retry needs the record as it was.
  const headers = { ...Object.fromEntries(record.headers), position, code: error.code, reason: error.message }
  return { topic, partition, key, value, headers, timestamp }
}

function nextPositions(batch: readonly InRecord[]): Position[] {
  const next = new Map<string, Position>()
  for (const { topic, partition, offset } of batch) next.set(topic, { topic, partition, offset: offset + 1n })
  return [...next.values()]
}
