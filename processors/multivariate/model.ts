import { solve } from './solve.ts'

/**
 * Every tag by a ridge regression on the others, in units of its own spread: the multivariate state estimation of
 * Gross et al. with a linear estimator. Judged are, tag by tag, what is left of it, and the tag's own level.
 */
export type Model = {
  mean: number[]
  spread: number[]
  /** `weights[i][j]`: what tag j tells of tag i; 0 where i = j. */
  weights: number[][]
  /** Moving average of the values. */
  smooth: number[]
  /** Standard deviation of the smoothed deviations while learning: left over by tag, then level by tag. */
  usual: number[]
  /** Followed slowly: deviations that have become normal. */
  base: number[]
}

const ridge = 0.3
/** Of a tag that did not move at all while it was learned: a thousandth of its level is a change. */
const leastSpread = 1e-3

type Matrix = (i: number, j: number) => number

export function modelOf(
  mean: number[],
  covariance: Matrix,
  smoothCovariance: Matrix,
  smooth: number[],
): Model {
  const all = mean.map((_, i) => i)
  const least = mean.map(value => Math.max(Math.abs(value) * leastSpread, 1e-9))
  const spread = all.map(i => Math.sqrt(Math.max(covariance(i, i), 0)) || least[i]!)
  const correlation: Matrix = (i, j) => covariance(i, j) / (spread[i]! * spread[j]!)
  const weights = all.map(i => weightsOf(i, all, correlation))
  const smoothed: Matrix = (i, j) => smoothCovariance(i, j) / (spread[i]! * spread[j]!)
  const left = all.map(i => spreadOfLeft(i, all, weights[i]!, smoothed))
  const level = all.map(i => Math.sqrt(Math.max(smoothed(i, i), 0)))
  const usual = [...left, ...level].map(one => Math.max(one, 1e-2))
  return { mean, spread, weights, smooth: [...smooth], usual, base: usual.map(() => 0) }
}

function weightsOf(i: number, all: readonly number[], correlation: Matrix): number[] {
  const others = all.filter(j => j !== i)
  const normal = others.map(a => others.map(b => correlation(a, b) + (a === b ? ridge : 0)))
  const found = solve(
    normal,
    others.map(a => correlation(a, i)),
  )
  const weights = all.map(() => 0)
  for (const [k, j] of others.entries()) weights[j] = found[k]!
  return weights
}

/** What is left of tag i is linear in the values, so that its variance follows from their covariance. */
function spreadOfLeft(
  i: number,
  all: readonly number[],
  weights: readonly number[],
  smoothed: Matrix,
): number {
  const factor = (j: number) => (j === i ? 1 : -weights[j]!)
  let variance = 0
  for (const a of all) for (const b of all) variance += factor(a) * factor(b) * smoothed(a, b)
  return Math.sqrt(Math.max(variance, 0))
}

export type Deviation = {
  readonly tag: number
  /** In standard deviations of what was usual, with its sign. */
  readonly sigmas: number
  readonly kind: 'left' | 'level'
  /** The smoothed value, and what was expected, in the tag's unit. */
  readonly value: number
  readonly expected: number
}

/** Moves the average by a row, and tells the greater of the two deviations of every tag. */
export function deviations(model: Model, row: readonly number[], share: number): Deviation[] {
  const { mean, spread, smooth, weights } = model
  for (let i = 0; i < row.length; i++) smooth[i]! += share * (row[i]! - smooth[i]!)
  const z = smooth.map((value, i) => (value - mean[i]!) / spread[i]!)
  return z.map((own, i) => {
    const line = weights[i]!
    let left = own
    for (let j = 0; j < z.length; j++) left -= line[j]! * z[j]!
    return greater(deviation(model, i, i, left, 'left'), deviation(model, i, i + z.length, own, 'level'))
  })
}

function deviation(model: Model, tag: number, at: number, from: number, kind: Deviation['kind']): Deviation {
  const off = from - model.base[at]!
  const value = model.smooth[tag]!
  return { tag, kind, sigmas: off / model.usual[at]!, value, expected: value - off * model.spread[tag]! }
}

function greater(a: Deviation, b: Deviation): Deviation {
  return Math.abs(b.sigmas) > Math.abs(a.sigmas) ? b : a
}

/** Follows what is there by a share of the way. */
export function adapt(model: Model, share: number): void {
  const { mean, spread, smooth, weights, base } = model
  const z = smooth.map((value, i) => (value - mean[i]!) / spread[i]!)
  for (const [i, own] of z.entries()) {
    let left = own
    for (let j = 0; j < z.length; j++) left -= weights[i]![j]! * z[j]!
    base[i]! += share * (left - base[i]!)
    base[i + z.length]! += share * (own - base[i + z.length]!)
  }
}
