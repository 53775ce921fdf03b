import type { Plant } from '../config/plant.ts'
import type { InRecord, OutRecord } from '../edge-broker/kafka.ts'
import { partitionOf } from '../edge-broker/partition.ts'
import { lineOf, type Output } from '../model/index.ts'
import { keyOf } from '../processors/chain.ts'
import { exportsOf } from '../replicator/export.ts'

/** Of the input record that results come from. */
export type Moment = Pick<InRecord, 'partition' | 'timestamp'>

/** The last answer: what is published one after the other is nearly always of one asset. */
let lastPlace = { asset: '', partitions: 0, partition: 0 }

function partitionOfAsset(asset: string, partitions: number): number {
  if (lastPlace.asset !== asset || lastPlace.partitions !== partitions)
    lastPlace = { asset, partitions, partition: partitionOf(lineOf(asset), partitions) }
  return lastPlace.partition
}

/**
 * The record itself and what the export policy makes of it, as far as anybody wants them; stamped with the time at which
 * its input reached Kafka.
 */
export function published(
  output: Output,
  { partitions, region }: Plant,
  { timestamp }: Moment,
  isWanted: (topic: string) => boolean,
): OutRecord[] {
  const exported = region ? exportsOf(region, output).map(({ topic }) => topic) : []
  const topics = [output.topic, ...exported].filter(isWanted)
  if (topics.length === 0) return []
  const partition = partitionOfAsset(output.value.asset, partitions)
  const record = { partition, key: keyOf(output), value: JSON.stringify(output.value), timestamp }
  return topics.map(topic => ({ topic, ...record }))
}
