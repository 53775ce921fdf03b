import { constantsOf } from './constants.ts'

/** Center and limits of both charts, in the unit of what is measured. */
export type Chart = {
  readonly center: number
  readonly upper: number
  readonly lower: number
  readonly meanRange: number
  readonly rangeUpper: number
  readonly rangeLower: number
  /** Points of phase I that were left out, being beyond its limits. */
  readonly leftOut: number
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** From the points of phase I and their ranges. What is beyond the first limits is left out once. */
export function chartOf(points: readonly number[], ranges: readonly number[], size: number): Chart {
  const trial = limits(mean(points), mean(ranges), size, 0)
  const within = points.filter(point => point <= trial.upper && point >= trial.lower)
  const calm = ranges.filter(range => range <= trial.rangeUpper)
  if (within.length === points.length && calm.length === ranges.length) return trial
  const leftOut = points.length - within.length + ranges.length - calm.length
  return limits(mean(within.length > 0 ? within : points), mean(calm), size, leftOut)
}

/** From a known mean and standard deviation of one measurement. */
export function standardChart({ mean, sigma }: { mean: number; sigma: number }, size: number): Chart {
  return limits(mean, sigma * constantsOf(size).d2, size, 0)
}

function limits(center: number, meanRange: number, size: number, leftOut: number): Chart {
  const { a2, D3, D4 } = constantsOf(size)
  const reach = a2 * meanRange
  const range = { meanRange, rangeUpper: D4 * meanRange, rangeLower: D3 * meanRange }
  return { center, upper: center + reach, lower: center - reach, ...range, leftOut }
}
