import { Order } from './order.ts'
import type { Group, Item } from './plan.ts'
import { type Kept, rangesOf } from './resume.ts'

/** An item that the server monitors, with the sampling it does where that is not what was asked for. */
export type Monitored = Item & { readonly revisedMs?: number }

/** One subscription on the server, and how far it is handled. */
export class Subscription {
  readonly id: number
  readonly publishingMs: number
  /** Longest silence between two messages of it, ms. */
  readonly keepAliveMs: number
  readonly order: Order
  /** By client handle. */
  readonly items = new Map<number, Monitored>()
  /** Status codes of what the server refused, by client handle. */
  readonly refused = new Map<number, number>()
  /**
   * The number that the server may have used up to tell the old session that the subscription is ours now. Some keep
   * that message, some do not: that this one is missing is no loss.
   */
  transferNumber: number | undefined
  #unchanging = ''

  constructor(made: { id: number; publishingMs: number; keepAliveMs: number }, handled?: number) {
    this.id = made.id
    this.publishingMs = made.publishingMs
    this.keepAliveMs = made.keepAliveMs
    this.order = new Order(handled)
  }

  /** Settles what is kept of it for the next session; called again when its items change. */
  settle({ byHandle, key }: Group): void {
    const revised = rangesOf(byHandle, ({ handle }) => this.items.get(handle)?.revisedMs)
    const refused = rangesOf(byHandle, ({ handle }) => this.refused.get(handle))
    // What was refused has to be known to be tried again; with too many such, nobody takes this subscription over.
    const kept: Omit<Kept, 'seq'> = {
      id: this.id,
      key: refused === undefined ? '' : key,
      revised: revised ?? [],
      refused: refused ?? [],
    }
    this.#unchanging = JSON.stringify(kept).slice(0, -1)
  }

  /** A `Kept` as JSON. */
  get kept(): string {
    return `${this.#unchanging},"seq":${this.order.handled ?? 0}}`
  }
}

/** A `Resume` as JSON. */
export function resumeOf(subscriptions: readonly Subscription[]): string {
  return `{"v":1,"at":${Date.now()},"subscriptions":[${subscriptions.map(({ kept }) => kept).join(',')}]}`
}
