import type { InRecord, Kafka } from '../../edge-broker/kafka.ts'

export type Valued = InRecord & { readonly value: Buffer }

/** Every committed record of these partitions as of now, each partition in its order; without tombstones. */
export async function readTopic(
  kafka: Kafka,
  topic: string,
  partitions: readonly number[],
  take: (record: Valued) => void,
  note: (read: bigint, of: bigint) => void = () => {},
): Promise<void> {
  const places = partitions.map(partition => ({ topic, partition }))
  const admin = await kafka.admin()
  const [begin, latest] = await Promise.all([
    admin.offsets([topic], 'earliest'),
    admin.offsets([topic], 'latest'),
  ]).finally(() => admin.close())
  const end = latest.filter(({ partition }) => partitions.includes(partition))
  const sum = (positions: typeof end) => positions.reduce((total, { offset }) => total + offset, 0n)
  const all = sum(end) - sum(begin.filter(({ partition }) => partitions.includes(partition)))
  const reader = await kafka.reader({ partitions: places, start: 'earliest', end })
  let read = 0n
  try {
    for await (const batch of reader) {
      for (const record of batch) if (record.value !== null) take(record as Valued)
      read += BigInt(batch.length)
      note(read, all)
    }
  } finally {
    await reader.close()
  }
}
