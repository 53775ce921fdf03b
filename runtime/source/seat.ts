import type { SourceSpec } from '../../config/plant.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import type { Presence } from '../../edge-broker/lease/presence.ts'
import type { Share } from '../divide.ts'
import type { ServiceContext } from '../service.ts'

/** One source as one server sees it: whether it is its own to read. */
export type Seat = Share & {
  readonly context: ServiceContext
  readonly kafka: Kafka
  readonly spec: SourceSpec
  readonly presence: Presence
  /** All that run connectors, this one included. */
  readonly servers: readonly string[]
}

export const isAlone = ({ servers }: Seat): boolean => servers.length === 1
