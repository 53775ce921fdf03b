import type { SourceSpec } from '../../config/plant.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import type { Presence } from '../../edge-broker/lease/presence.ts'
import type { ServiceContext } from '../service.ts'

/** One source as one server sees it: whether it is its own to read. */
export type Seat = {
  readonly context: ServiceContext
  readonly kafka: Kafka
  readonly spec: SourceSpec
  readonly presence: Presence
  /** All that run connectors, this one included. */
  readonly servers: readonly string[]
  /** Set by who divides the sources, taken back by whoever finds that another has it. */
  wanted: boolean
}

export const isAlone = ({ servers }: Seat): boolean => servers.length === 1

/** Aborts when the seat is not wanted any more, or the service stops. */
export function leaving(seat: Seat): { signal: AbortSignal; done(): void } {
  const { context, presence } = seat
  const left = new AbortController()
  const done = new AbortController()
  const either = AbortSignal.any([context.signal, done.signal])
  const watch = async () => {
    while (seat.wanted && !either.aborted) await presence.change(either, 1_000)
    if (!seat.wanted) left.abort()
  }
  void watch()
  return { signal: AbortSignal.any([context.signal, left.signal]), done: () => done.abort() }
}
