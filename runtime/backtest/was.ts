/** The results that there are already, read in step with those that would be. */
import type { InRecord } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { type Alarm, lineOf, MillraceError, type Signal } from '../../model/index.ts'
import { type ComparedTopic, comparedTopics } from './difference.ts'
import type { Period, Place } from './job.ts'
import { kafkaHistory } from './kafka-history.ts'
import { linesOf } from './lines.ts'

export type Result = {
  readonly topic: ComparedTopic
  readonly value: Signal | Alarm
  /** When its input reached Kafka; -Infinity where a file does not tell. */
  readonly timestamp: number
}

/** Results of one partition of the plant, in the order of their topics. */
export function pastResults(
  place: Place,
  period: Period,
  partition: number,
  partitions: number,
): AsyncIterable<readonly Result[]> | Iterable<readonly Result[]> {
  if (place.kind === 'kafka') return fromKafka(place, period, partition)
  return place.files.map(({ path }) => fromFile(path, period, partition, partitions))
}

async function* fromKafka(
  { connection }: Extract<Place, { kind: 'kafka' }>,
  period: Period,
  partition: number,
): AsyncGenerator<readonly Result[]> {
  const { connectKafka } = await import('../../edge-broker/client/index.ts')
  const kafka = connectKafka(connection)
  for await (const records of kafkaHistory(kafka, comparedTopics, partition, period))
    yield records.flatMap(resultOf)
}

function resultOf({ topic, value, timestamp }: InRecord): Result[] {
  if (value === null) return []
  return [{ topic: topic as ComparedTopic, value: JSON.parse(value.toString()) as Signal | Alarm, timestamp }]
}

/** Lines as a backtest writes them, or as `millrace tail --json` prints them. */
function fromFile(path: string, { fromMs, toMs }: Period, partition: number, partitions: number): Result[] {
  const results: Result[] = []
  for (const { bytes, line } of linesOf(path)) {
    const { value, timestamp = Number.NEGATIVE_INFINITY } = unwrapped(bytes.toString(), `${path}:${line}`)
    if (timestamp !== Number.NEGATIVE_INFINITY && (timestamp < fromMs || timestamp >= toMs)) continue
    if (partitionOf(lineOf(value.asset), partitions) !== partition) continue
    results.push({ topic: 'verdict' in value ? 'signals' : 'alarm-events', value, timestamp })
  }
  return results
}

function unwrapped(text: string, place: string): { value: Signal | Alarm; timestamp?: number } {
  try {
    const parsed = JSON.parse(text) as { topic?: string; value?: unknown; timestamp?: number; asset?: string }
    const { value, timestamp } = 'topic' in parsed ? parsed : { value: parsed, timestamp: undefined }
    const { asset, signal } = value as Partial<Signal>
    if (typeof asset === 'string' && typeof signal === 'string')
      return { value: value as Signal, ...(timestamp !== undefined && { timestamp }) }
  } catch {
    // told below, with its place
  }
  throw new MillraceError('bad-payload', `${place}: not a signal or alarm`, {
    hint: 'Give what a backtest wrote, or millrace tail signals --json printed',
  })
}
