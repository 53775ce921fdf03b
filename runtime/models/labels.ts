import type { Plant } from '../../config/plant.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { type Label, lineOf } from '../../model/index.ts'
import { readTopic } from './read-topic.ts'

export async function writeLabel(kafka: Kafka, { partitions }: Plant, label: Label): Promise<void> {
  const partition = partitionOf(lineOf(label.asset), partitions)
  const writer = await kafka.writer()
  try {
    await writer.write([{ topic: 'labels', partition, key: label.asset, value: JSON.stringify(label) }])
  } finally {
    await writer.close()
  }
}

/** The same label told twice is one. */
export async function readLabels(kafka: Kafka, partitions: readonly number[]): Promise<Label[]> {
  const labels = new Map<string, Label>()
  await readTopic(kafka, 'labels', partitions, ({ value }) => {
    const label = JSON.parse(value.toString()) as Label
    labels.set(`${label.asset} ${label.what} ${label.at}`, label)
  })
  return [...labels.values()]
}
