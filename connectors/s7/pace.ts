/** When to scan: every `intervalMs` from the start on, without drift. What was missed is skipped, never made up for. */
export class Pace {
  readonly #intervalMs: number
  readonly #startMs: number
  #tick = 0
  #since: number
  #scans = 0
  #toldMs: number
  #missed = 0

  constructor(intervalMs: number, nowMs: number) {
    this.#intervalMs = intervalMs
    this.#startMs = nowMs
    this.#since = nowMs
    this.#toldMs = intervalMs
  }

  /** How long to wait for the next scan; the first is due at once. */
  waitMs(nowMs: number): number {
    const due = this.#startMs + this.#tick * this.#intervalMs
    if (due >= nowMs) {
      this.#tick++
      return due - nowMs
    }
    const missed = Math.floor((nowMs - due) / this.#intervalMs)
    this.#tick += missed + 1
    this.#missed += missed
    return 0
  }

  /** How many scans have been skipped since this was last asked. */
  takeMissed(): number {
    const missed = this.#missed
    this.#missed = 0
    return missed
  }

  /**
   * Called after each scan: the interval that is really kept, where it is not what was last told. Measured over ten
   * intervals, at least two seconds.
   */
  revisedMs(nowMs: number): number | undefined {
    this.#scans++
    const elapsed = nowMs - this.#since
    if (elapsed < Math.max(2000, 10 * this.#intervalMs)) return undefined
    const kept = elapsed / this.#scans
    this.#since = nowMs
    this.#scans = 0
    const revised = kept > 1.2 * this.#intervalMs ? Math.round(kept) : this.#intervalMs
    if (Math.abs(revised - this.#toldMs) <= 0.1 * this.#toldMs) return undefined
    this.#toldMs = revised
    return revised
  }
}
