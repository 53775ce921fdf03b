/** Mean and spread of values as they come (Welford). */
export type Baseline = { count: number; mean: number; squares: number }

export function emptyBaseline(): Baseline {
  return { count: 0, mean: 0, squares: 0 }
}

export function learn(baseline: Baseline, value: number): void {
  baseline.count++
  const off = value - baseline.mean
  baseline.mean += off / baseline.count
  baseline.squares += off * (value - baseline.mean)
}

/** Standard deviation of the sample, and no less than the share of the mean. */
export function sigmaOf({ count, mean, squares }: Baseline, leastShare: number): number {
  return Math.max(Math.sqrt(squares / (count - 1)), leastShare * Math.abs(mean))
}
