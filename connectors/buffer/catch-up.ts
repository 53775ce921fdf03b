/** What has waited no longer than this is live. */
export const liveMs = 2_000
const smallestBatchBytes = 65_536

/**
 * A token bucket over the bytes of an old backlog, filled at the declared rate or twice what the source brings now,
 * whichever is more: a backlog always shrinks. Holds at most one second's worth. Times are ms of any one clock.
 */
export class CatchUp {
  readonly #bytesPerS: number
  readonly #takenBytes: () => number
  #tokens: number
  #at: number
  #live: { at: number; taken: number; bytesPerS: number }

  /** `takenBytes` is what the source has brought so far. */
  constructor(bytesPerS: number, takenBytes: () => number, now: number) {
    this.#bytesPerS = bytesPerS
    this.#takenBytes = takenBytes
    this.#tokens = bytesPerS
    this.#at = now
    this.#live = { at: now, taken: takenBytes(), bytesPerS: 0 }
  }

  /** How many bytes may be sent now; 0 until it is worth a batch. */
  allowance(now: number): number {
    const rate = this.#rate(now)
    this.#tokens = Math.min(rate, this.#tokens + (rate * (now - this.#at)) / 1000)
    this.#at = now
    return this.#tokens >= Math.min(smallestBatchBytes, rate) ? this.#tokens : 0
  }

  /** A batch is never split: it may be more than was allowed, and is waited for then. */
  spent(bytes: number): void {
    this.#tokens -= bytes
  }

  /** How long until something may be sent again. */
  waitMs(now: number): number {
    const rate = this.#rate(now)
    return Math.max(1, Math.ceil(((Math.min(smallestBatchBytes, rate) - this.#tokens) / rate) * 1000))
  }

  #rate(now: number): number {
    const { at, taken } = this.#live
    if (now - at >= 1000) {
      const total = this.#takenBytes()
      this.#live = { at: now, taken: total, bytesPerS: ((total - taken) * 1000) / (now - at) }
    }
    return Math.max(this.#bytesPerS, 2 * this.#live.bytesPerS)
  }
}
