import { type Answer, comeAgain } from './answer.ts'

type Bucket = { left: number; at: number }

/** Clients kept in mind; more are let go, the longest silent ones first. */
const mostClients = 10_000

/** A bucket of tokens a client: a second's worth at once, then so many a second. Times are milliseconds of one clock. */
export class Rate {
  readonly #perSecond: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Undefined where one more is fine. */
  take(client: string, nowMs: number): Answer | undefined {
    const last = this.#buckets.get(client) ?? { left: this.#perSecond, at: nowMs }
    const left = Math.min(this.#perSecond, last.left + ((nowMs - last.at) / 1000) * this.#perSecond)
    const isFine = left >= 1
    this.#buckets.delete(client)
    this.#buckets.set(client, { left: isFine ? left - 1 : left, at: nowMs })
    const oldest = this.#buckets.keys().next()
    if (this.#buckets.size > mostClients && !oldest.done) this.#buckets.delete(oldest.value)
    if (isFine) return undefined
    const message = `more than ${this.#perSecond} requests a second`
    return comeAgain(429, 'too-many-requests', message, 1, 'Put more samples into one request')
  }
}

/** Requests under way. */
export class InFlight {
  readonly #most: number
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  /** What `work` answers, or at once that there are too many already. */
  async run(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#count >= this.#most) {
      return comeAgain(503, 'busy', `${this.#most} requests are under way`, 1)
    }
    this.#count++
    try {
      return await work()
    } finally {
      this.#count--
    }
  }
}
