import type { Admin, Kafka, Position } from './kafka.ts'

export type PartitionLag = {
  readonly topic: string
  readonly partition: number
  /** That wait; control records of transactions are among them, but never alone. */
  readonly records: number
  /** When the oldest of them came, ms UTC; undefined when none waits. */
  readonly since: number | undefined
}

export type LagOptions = {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly group: string
  readonly topics: readonly string[]
  /** Left out: all. */
  readonly partitions?: readonly number[]
}

/** How far a group is behind in each partition. What was never committed counts from the earliest record. */
export async function lagOf(options: LagOptions): Promise<PartitionLag[]> {
  const { admin, group, topics, partitions } = options
  // In this order: what comes meanwhile makes the lag too big for a moment, never negative.
  const [starts, positions] = await Promise.all([
    admin.offsets(topics, 'earliest'),
    admin.groupPositions(group, topics),
  ])
  const ends = (await admin.offsets(topics, 'latest')).filter(
    ({ partition }) => partitions?.includes(partition) ?? true,
  )
  return Promise.all(ends.map(end => partitionLag(options, [...positions, ...starts].find(same(end)), end)))
}

async function partitionLag(
  { kafka }: LagOptions,
  from: Position | undefined,
  end: Position,
): Promise<PartitionLag> {
  const { topic, partition } = end
  const waiting = Number(end.offset - (from?.offset ?? 0n))
  const since =
    waiting > 0 ? await firstBetween(kafka, { ...end, offset: from?.offset ?? 0n }, end) : undefined
  return { topic, partition, records: since === undefined ? 0 : waiting, since }
}

/** The time of the first record that can be seen; markers and what was aborted cannot. */
async function firstBetween(kafka: Kafka, start: Position, end: Position): Promise<number | undefined> {
  const { topic, partition } = start
  const reader = await kafka.reader({
    partitions: [{ topic, partition }],
    start: [start],
    end: [end],
    onGap: () => {},
  })
  for await (const [first] of reader) return first?.timestamp
  return undefined
}

const same = (a: Position) => (b: Position) => a.topic === b.topic && a.partition === b.partition
