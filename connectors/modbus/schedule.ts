/** A scan class: what is read together, every so often. */
export type Due = { readonly scanMs: number; nextMs: number }

/**
 * When to scan which class: the first time at once, then every scanMs without drift. What was missed is skipped
 * and counted, never made up for. Times are milliseconds of one clock.
 */
export class Schedule {
  readonly #classes: Due[]

  constructor(scanMs: readonly number[], nowMs: number) {
    this.#classes = scanMs.map(scanMs => ({ scanMs, nextMs: nowMs }))
  }

  /** The class that is due first. */
  next(): Due {
    return this.#classes.reduce((first, other) => (other.nextMs < first.nextMs ? other : first))
  }

  /** The class has been scanned: how many of its scans were due meanwhile and are left out. */
  scanned(due: Due, nowMs: number): number {
    const following = due.nextMs + due.scanMs
    const missed = Math.max(0, Math.floor((nowMs - following) / due.scanMs))
    due.nextMs = following + missed * due.scanMs
    return missed
  }
}

/** Scans of a class that were due after the last one, and before the one that is made now. */
export function dueBetween(lastMs: number, nowMs: number, scanMs: number): number {
  return Math.max(0, Math.ceil((nowMs - lastMs) / scanMs) - 1)
}
