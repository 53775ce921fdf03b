import type { Micros } from '../../model/index.ts'

/** What is kept of one tag over a cycle: constant in size however many samples come. Plain JSON. */
export type Tally = {
  count: number
  /** Why it is not known, of the first sample that could not be used; null while all could. */
  bad: string | null
  min: number
  max: number
  mean: number
  /** Sums of squares and products about the means (Welford 1962), time in s from the start of the cycle. */
  squares: number
  meanS: number
  squaresS: number
  products: number
  /** Unit of the tag times s. */
  integral: number
  lastT: Micros
  last: number
  longestGap: Micros
}

export function newTally(start: Micros): Tally {
  const zero = { mean: 0, squares: 0, meanS: 0, squaresS: 0, products: 0, integral: 0, last: 0 }
  return { count: 0, bad: null, min: 0, max: 0, ...zero, lastT: start, longestGap: 0 }
}

/** Takes a sample of the cycle; they come in the order of source time. `held` is the value at its start, where known. */
export function addTo(tally: Tally, start: Micros, t: Micros, value: number, held: number | undefined): void {
  const passed = t - tally.lastT
  const before = tally.count === 0 ? (held ?? value) : tally.last
  // Before the first sample the value stands as it was; between two samples it goes straight from one to the other.
  tally.integral += ((tally.count === 0 ? before : (before + value) / 2) * passed) / 1e6
  tally.longestGap = Math.max(tally.longestGap, passed)
  tally.min = tally.count === 0 ? value : Math.min(tally.min, value)
  tally.max = tally.count === 0 ? value : Math.max(tally.max, value)
  tally.count += 1
  const seconds = (t - start) / 1e6
  const fromMean = value - tally.mean
  const fromMeanS = seconds - tally.meanS
  tally.mean += fromMean / tally.count
  tally.meanS += fromMeanS / tally.count
  tally.squares += fromMean * (value - tally.mean)
  tally.squaresS += fromMeanS * (seconds - tally.meanS)
  tally.products += fromMeanS * (value - tally.mean)
  tally.lastT = t
  tally.last = value
}
