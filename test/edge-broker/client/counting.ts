import type { InRecord, Kafka, OutRecord, Position, Reader } from '../../../edge-broker/kafka.ts'
import { endKey } from './foreign.ts'

/** How many of the numbers 0 to `count` - 1 are missing, and how many come again. */
export function tally(values: readonly string[], count: number): { missing: number; repeated: number } {
  const seen = new Set(values)
  const missing = Array.from({ length: count }, (_, n) => String(n)).filter(n => !seen.has(n)).length
  return { missing, repeated: values.length - seen.size }
}

export const whole = { missing: 0, repeated: 0 }

/** Numbered records, dealt to the partitions in turn. */
export function numbered(topic: string, partitions: number, from: number, to: number): OutRecord[] {
  return Array.from({ length: to - from }, (_, i) => ({
    topic,
    partition: (from + i) % partitions,
    key: 'n',
    value: String(from + i),
  }))
}

/** Puts the record behind everything that ends a partition for a foreign reader. */
export async function markEnd(kafka: Kafka, topic: string, partitions: number): Promise<void> {
  const writer = await kafka.writer()
  await writer.write(
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, key: endKey, value: null })),
  )
  await writer.close()
}

export async function createTopic(
  kafka: Kafka,
  name: string,
  partitions: number,
  config: Record<string, string> = {},
  replicas = 3,
): Promise<void> {
  const admin = await kafka.admin()
  await admin.createTopics([{ name, partitions, replicas, config }]).finally(() => admin.close())
}

export function partitionsOf(topic: string, count: number): { topic: string; partition: number }[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}

/**
 * Everything committed before this call. Markers of a commit reach the partitions shortly after it; a record behind them
 * can be read once they have.
 */
export async function readAll(kafka: Kafka, topic: string, partitions: number): Promise<InRecord[]> {
  await markEnd(kafka, topic, partitions)
  const reader = await kafka.reader({ partitions: partitionsOf(topic, partitions), start: 'earliest' })
  const records: InRecord[] = []
  const ended = new Set<number>()
  for await (const batch of reader) {
    for (const record of batch) {
      if (record.key === endKey) ended.add(record.partition)
      else records.push(record)
    }
    if (ended.size === partitions) break
  }
  return records
}

export async function drained(reader: Reader): Promise<InRecord[]> {
  const records: InRecord[] = []
  for await (const batch of reader) records.push(...batch)
  return records
}

export function textOf({ value }: InRecord): string {
  return String(value)
}

export function offsetsByPartition(positions: readonly Position[]): Record<number, bigint> {
  return Object.fromEntries(positions.map(({ partition, offset }) => [partition, offset]))
}
