import type { Micros } from '../../model/index.ts'

/** One window size, shortest first in a list of them. */
export type Level = {
  readonly topic: 'aggregates-1s' | 'aggregates-1m' | 'aggregates-1h'
  readonly size: Micros
  /** How long after its end a window is kept for late samples. */
  readonly kept: Micros
}

export function startOf(t: Micros, size: Micros): Micros {
  return Math.floor(t / size) * size
}

/**
 * The entry with that start in a list ordered by start, else a new one in its place. Looks from the newest on: that is
 * nearly always the one.
 */
export function entryAt<T extends { start: Micros }>(
  list: T[],
  start: Micros,
  make: (start: Micros) => T,
): T {
  let after = list.length
  while (after > 0 && list[after - 1]!.start > start) after--
  const found = list[after - 1]
  if (found !== undefined && found.start === start) return found
  const made = make(start)
  list.splice(after, 0, made)
  return made
}
