/**
 * What of a disk buffer has to go out again after the brokers lost the end of their logs. The position is no witness:
 * it may have been lost, or kept while the rows were not. So the tail of the partitions is read back, and every row
 * that is still on disk and not found there is sent once more, in order, under its own name.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/index.ts'
import type { Admin, InRecord, Kafka, Position, Task } from '../kafka.ts'
import { leadersOf, nameOf, type PartitionId } from './leaders.ts'

/** The buffer's side of it. */
export interface Recallable {
  readonly epoch: number
  /** The first row of the epoch that is still on disk. */
  firstKept(): { readonly seq: number; readonly receivedAt: number } | undefined
  /** The leaders under which everything acknowledged is known to be in Kafka. */
  leaders(): string | undefined
  keepLeaders(text: string): void
}

export type RecallOptions = {
  readonly kafka: Kafka
  readonly task: Task
  readonly source: string
  readonly backlog: Recallable
  /** Where rows of the source go. */
  readonly partitions: readonly PartitionId[]
  /** Other ids under which this server, and nobody else, has sent rows of the source. */
  readonly besides?: readonly string[]
  readonly signal: AbortSignal
}

/** How long others may take to settle what they left open in the same partitions. */
const othersMs = 60_000

export type Recall = {
  /** From after this row on, */
  readonly after: number
  /** but for these. */
  readonly present: ReadonlySet<number>
  /** To be called once all of them are in Kafka. */
  done(): void
}

/** Undefined where no leader has changed since all was well, or nothing is left on disk. */
export async function recallOf(options: RecallOptions): Promise<Recall | undefined> {
  const { kafka, task, backlog, partitions } = options
  const admin = await kafka.admin()
  try {
    const leaders = JSON.stringify(await leadersOf(admin, partitions))
    const done = () => backlog.keepLeaders(leaders)
    const first = backlog.firstKept()
    if (!first) done()
    if (!first || backlog.leaders() === leaders) return undefined
    await settleOthers(options)
    await task.settle(partitions)
    return { after: first.seq - 1, present: await presentIn(options, admin, first), done }
  } finally {
    await admin.close()
  }
}

/**
 * After a power cut nothing is read under an id before what it left open is ended: the position would wait for a mark that
 * nobody writes. So is what the others have left among the same positions.
 */
export async function settleCut(options: Omit<RecallOptions, 'task'>, task: Promise<Task>): Promise<void> {
  const { kafka, backlog, partitions } = options
  const admin = await kafka.admin()
  const leaders = await leadersOf(admin, partitions).finally(() => admin.close())
  if (backlog.leaders() === JSON.stringify(leaders)) return
  await (await task).settle(partitions)
  await settleOthers(options)
}

async function settleOthers({ kafka, partitions, besides = [], signal }: Omit<RecallOptions, 'task'>) {
  for (const id of besides) {
    const other = await kafka.task({ id, group: id, signal })
    await other.settle(partitions).finally(() => other.close())
  }
}

async function presentIn(
  { kafka, source, backlog, partitions, signal }: RecallOptions,
  admin: Admin,
  first: { seq: number; receivedAt: number },
): Promise<Set<number>> {
  const end = await settledEnd(admin, partitions, signal)
  // Rows carry the time at which they came in.
  const start = { timestamp: Math.floor(first.receivedAt / 1000) }
  const reader = await kafka.reader({ partitions, start, end })
  const present = new Set<number>()
  for await (const batch of reader) {
    for (const record of batch) {
      const seq = seqOf(record, source, backlog.epoch)
      if (seq !== undefined && seq >= first.seq) present.add(seq)
    }
  }
  signal.throwIfAborted()
  return present
}

/** The end as it is written now, once nothing before it is open any more: other owners settle what they have left. */
export async function settledEnd(
  admin: Admin,
  partitions: readonly PartitionId[],
  signal: AbortSignal,
): Promise<Position[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))]
  const wanted = new Set(partitions.map(nameOf))
  const written = (await admin.offsets(topics, 'written')).filter(of => wanted.has(nameOf(of)))
  const deadline = performance.now() + othersMs
  for (;;) {
    const stable = new Map((await admin.offsets(topics, 'latest')).map(of => [nameOf(of), of.offset]))
    const open = written.filter(of => (stable.get(nameOf(of)) ?? 0n) < of.offset)
    if (open.length === 0) return written
    if (performance.now() > deadline) throw stillOpen(open[0]!)
    await sleep(200, undefined, { signal })
  }
}

function stillOpen(of: PartitionId): MillraceError {
  return new MillraceError('broker-unavailable', `${nameOf(of)} waits for a transaction that nobody ends`, {
    transient: true,
    hint: 'The service that began it is not back yet: start it, or abort it with kafka-transactions.sh',
  })
}

const identity = /^\{"v":1,"asset":"(?:[^"\\]|\\.)*","source":("(?:[^"\\]|\\.)*"),"epoch":(\d+),"seq":(\d+),/

/** The number under which a row of ours went out; the head of a record that `sealed` writes is enough for that. */
function seqOf({ topic, value, headers }: InRecord, source: string, epoch: number): number | undefined {
  if (topic === 'waveforms') {
    if (headers.get('source') !== source || headers.get('epoch') !== String(epoch)) return undefined
    return Number(headers.get('seq'))
  }
  const [, name, ofEpoch, seq] = identity.exec(value?.toString('latin1', 0, 1_000) ?? '') ?? []
  if (name !== JSON.stringify(source) || Number(ofEpoch) !== epoch) return undefined
  return Number(seq)
}
