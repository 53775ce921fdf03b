/** Records of the topic `activations`: what took effect in a partition besides its input. */
import type { Plant } from '../config/plant.ts'
import type { InRecord, OutRecord } from '../edge-broker/kafka.ts'
import type { Activation, Micros } from '../model/index.ts'
import { readable } from './input.ts'
import type { ModelBook } from './models/book.ts'
import type { Ticks } from './ticks.ts'

/** Where an input record is, or comes next, and since when. */
export type Where = Pick<InRecord, 'topic' | 'partition' | 'offset' | 'timestamp'>

/** Of the models, where a book is given; else of the plant's folder. */
export function activationOf(
  plant: Plant,
  { topic, partition, offset, timestamp }: Where,
  book?: ModelBook,
): OutRecord {
  const before = { topic, partition, offset: String(offset) }
  const value: Activation = {
    v: 1,
    kind: book ? 'models' : 'configuration',
    plant: plant.name,
    plantHash: plant.hash,
    t: timestamp * 1_000,
    before,
    ...(book && { models: book.inForce }),
  }
  return { topic: 'activations', partition, key: plant.name, value: JSON.stringify(value), timestamp }
}

export function tickRecord(plant: Plant, place: Where, t: Micros): OutRecord {
  const record = activationOf(plant, place)
  const value = { ...(JSON.parse(String(record.value)) as Activation), kind: 'tick', t } satisfies Activation
  return { ...record, value: JSON.stringify(value) }
}

/** Of history: the tick that was made where no telemetry came. */
export function tickIn({ value }: InRecord, ticks: Ticks): Micros | undefined {
  const { kind, t } = readable(() => JSON.parse(String(value))) as Partial<Activation>
  return kind === 'tick' && t !== undefined ? ticks.at(t / 1_000) : undefined
}
