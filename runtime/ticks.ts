import type { InRecord } from '../edge-broker/kafka.ts'
import type { Micros } from '../model/index.ts'
import { clockTopic } from './input.ts'

/** What the changelog keeps of it. */
type Kept = { readonly t: Micros; readonly next: string }

const second: Micros = 1_000_000

/**
 * The ticks of one partition. While telemetry comes, its receipt makes them: a tick is due before the first record of a
 * new second, which every replay finds at the same place. Only where none comes does a clock make them, and then they
 * are records themselves (topic `activations`).
 */
export class Ticks {
  #last: Micros = Number.NEGATIVE_INFINITY
  #next = 0n
  #newest = 0

  /** The telemetry offset to be read next: the position of a tick that a clock makes. */
  get next(): string {
    return String(this.#next)
  }

  /** The newest receipt of a record of any topic, ms. */
  get newest(): number {
    return this.#newest
  }

  get kept(): Kept {
    return { t: this.#last, next: this.next }
  }

  restore({ t, next }: Kept): void {
    this.#last = t
    this.#next = BigInt(next)
  }

  /** The tick that is due before this record. */
  before({ topic, offset, timestamp }: Pick<InRecord, 'topic' | 'offset' | 'timestamp'>): Micros | undefined {
    if (timestamp > this.#newest) this.#newest = timestamp
    if (topic !== clockTopic) return undefined
    this.#next = offset + 1n
    return this.at(timestamp)
  }

  /** The tick of that time, unless it was already. */
  at(ms: number): Micros | undefined {
    const t = Math.floor(ms / 1_000) * second
    if (t <= this.#last) return undefined
    this.#last = t
    return t
  }
}
