import { setTimeout as sleep } from 'node:timers/promises'
import { coded, MillraceError } from '../../model/index.ts'
import type { InRecord, Kafka, OutRecord, Position, Reader, Task } from '../kafka.ts'
import { pauseMs, withPauses } from './pauses.ts'

/** The work of one partition, free of Kafka: what the shell restores, steps and asks for what has changed. */
export interface Worker {
  /** One entry of the changelog, oldest first; null removes it. */
  restore(key: string, value: Buffer | null): void
  /** Outputs of one input record. Throws only on a record that cannot be read: that goes to the dead-letter topic. */
  step(record: InRecord): readonly OutRecord[]
  /** That nothing more is there to be read, and nothing has come for a second before `ms`: its outputs. */
  idle?(partition: number, ms: number): readonly OutRecord[]
  /** State entries changed since the last call, for the changelog. */
  changed(): readonly { readonly key: string; readonly value: string | null }[]
}

export type PartitionOptions = {
  readonly kafka: Kafka
  readonly partition: number
  readonly inputs: readonly string[]
  /** The changelog topic, compacted, with as many partitions as the inputs. */
  readonly changelog: string
  readonly deadLetter: string
  readonly group: string
  readonly newWorker: () => Worker
  readonly signal: AbortSignal
  /** Also told of every record that goes to the dead-letter topic, and of records lost to retention before they were read. */
  readonly onTrouble: (error: MillraceError) => void
  readonly onCommit?: (inputs: number, outputs: number) => void
}

/**
 * Runs one partition until aborted. Consume, step, produce outputs, state and positions in one transaction: exactly
 * once. Built on fencing: the task first fences its predecessor, only then reads positions and restores. After any
 * transient error everything is thrown away and restored from what was committed.
 * @throws MillraceError `fenced` when a successor has taken the partition over
 */
export async function runPartition(options: PartitionOptions): Promise<void> {
  const { kafka, partition, group, signal, onTrouble } = options
  while (!signal.aborted) {
    let task: Task | undefined
    try {
      task = await kafka.task({ id: `${group}.${partition}`, group, signal })
      await partitionSession(options, task)
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

async function partitionSession(options: PartitionOptions, task: Task): Promise<void> {
  const { kafka, partition, inputs, newWorker, signal, changelog, onCommit, onTrouble } = options
  const partitions = inputs.map(topic => ({ topic, partition }))
  const start = await startingPositions(kafka, task, partitions)
  const worker = newWorker()
  await restore(kafka, { topic: changelog, partition }, worker, signal)
  const onGap = (gap: Gap) => onTrouble(removedUnread(gap))
  const reader = await kafka.reader({ partitions, start, onGap })
  await readUntilAborted(withPauses(reader), signal, async batch => {
    if (batch.length === 0) return await idled(options, task, worker)
    const outputs = batch.flatMap(record => stepped(worker, record, options))
    const state = worker.changed().map(({ key, value }) => ({ topic: changelog, partition, key, value }))
    await task.commit([...outputs, ...state], nextPositions(batch))
    onCommit?.(batch.length, outputs.length)
  })
}

/** What came within the last second may still be on its way: the time that is told is before it. */
async function idled({ partition, changelog }: PartitionOptions, task: Task, worker: Worker): Promise<void> {
  const outputs = worker.idle?.(partition, Date.now() - pauseMs) ?? []
  const state = worker.changed().map(({ key, value }) => ({ topic: changelog, partition, key, value }))
  await task.commit([...outputs, ...state], [])
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
  kafka: Kafka,
  task: Task,
  partitions: readonly { topic: string; partition: number }[],
): Promise<Position[]> {
  const committed = await task.positions(partitions)
  const same = (a: { topic: string; partition: number }) => (b: { topic: string; partition: number }) =>
    a.topic === b.topic && a.partition === b.partition
  const missing = partitions.filter(of => !committed.some(same(of)))
  if (missing.length === 0) return committed
  const admin = await kafka.admin()
  try {
    const earliest = await admin.offsets(
      missing.map(of => of.topic),
      'earliest',
    )
    return [...committed, ...missing.flatMap(of => earliest.filter(same(of)))]
  } finally {
    await admin.close()
  }
}

/** Reads the changelog to its end as of now; the fenced predecessor cannot add to it any more. */
async function restore(
  kafka: Kafka,
  of: { topic: string; partition: number },
  worker: Worker,
  signal: AbortSignal,
): Promise<void> {
  const admin = await kafka.admin()
  const latest = await admin.offsets([of.topic], 'latest').finally(() => admin.close())
  const end = latest.filter(position => position.partition === of.partition)
  const reader = await kafka.reader({ partitions: [of], start: 'earliest', end })
  await readUntilAborted(reader, signal, async batch => {
    for (const { key, value } of batch) worker.restore(key, value)
  })
  signal.throwIfAborted() // half a state is none
}

function stepped(
  worker: Worker,
  record: InRecord,
  { deadLetter, partition, onTrouble }: PartitionOptions,
): readonly OutRecord[] {
  try {
    return worker.step(record)
  } catch (thrown) {
    const error = coded(thrown, 'bad-payload', 'the record cannot be read')
    const position = `${record.topic}/${record.partition}/${record.offset}`
    const headers = { position, code: error.code, reason: error.message }
    onTrouble(
      new MillraceError(error.code, `${position} goes to ${deadLetter}: ${error.message}`, { cause: error }),
    )
    return [
      {
        topic: deadLetter,
        partition,
        key: record.key,
        value: record.value,
        headers,
        timestamp: record.timestamp,
      },
    ]
  }
}

function nextPositions(batch: readonly InRecord[]): Position[] {
  const next = new Map<string, Position>()
  for (const { topic, partition, offset } of batch) next.set(topic, { topic, partition, offset: offset + 1n })
  return [...next.values()]
}
