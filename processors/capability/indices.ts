import { chiSquareQuantile } from './chi-square.ts'

export type Specification = { readonly lower?: number; readonly upper?: number }
export type Interval = { readonly value: number; readonly low: number; readonly high: number }
/** `degrees` are those of the standard deviation's estimate. */
export type Spread = {
  readonly mean: number
  readonly sigma: number
  readonly degrees: number
  readonly count: number
}

/** (upper - lower) / 6 sigma with its interval by chi square (Kane 1986); undefined with one limit. */
export function potential(spec: Specification, spread: Spread, confidence: number): Interval | undefined {
  if (spec.lower === undefined || spec.upper === undefined) return undefined
  const { sigma, degrees } = spread
  const value = (spec.upper - spec.lower) / (6 * sigma)
  const bound = (p: number) => value * Math.sqrt(chiSquareQuantile(p, degrees) / degrees)
  return { value, low: bound((1 - confidence) / 2), high: bound((1 + confidence) / 2) }
}

/** Distance to the nearer limit over 3 sigma; its interval after Bissell, Applied Statistics 39 (1990) 331-340. */
export function actual(
  spec: Specification,
  { mean, sigma, degrees, count }: Spread,
  confidence: number,
): Interval {
  const { lower = Number.NEGATIVE_INFINITY, upper = Number.POSITIVE_INFINITY } = spec
  const value = Math.min(upper - mean, mean - lower) / (3 * sigma)
  const z = Math.sqrt(chiSquareQuantile(confidence, 1))
  const reach = z * Math.sqrt(1 / (9 * count) + value ** 2 / (2 * degrees))
  return { value, low: value - reach, high: value + reach }
}

/** Over all of the measurements: what the customer gets. */
export function overall(values: readonly number[]): Spread {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sigma: Math.sqrt(squares / (count - 1)), degrees: count - 1, count }
}

/**
 * From one measurement to the next: what the process could do if its mean did not wander. The mean moving range over
 * 1.128 is worth 0.605 of the degrees of freedom (Cryer and Ryan, Journal of Quality Technology 22 (1990) 187-192).
 */
export function within(values: readonly number[]): Spread {
  const { mean, count } = overall(values)
  const steps = values.slice(1).map((value, i) => Math.abs(value - values[i]!))
  const sigma = steps.reduce((sum, step) => sum + step, 0) / steps.length / 1.128
  return { mean, sigma, degrees: 0.605 * (count - 1), count }
}
