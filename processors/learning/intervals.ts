import type { TrainedModel } from '../../model/index.ts'
import { binOf } from './bins.ts'

export type Interval = TrainedModel['interval']

/** A prediction for a unit that the model had not seen, with its truth. */
export type Unseen = { readonly unit: number; readonly predicted: number; readonly truth: number }

const bins = 10

/**
 * Intervals from the errors on unseen units, by size of the prediction (Mondrian conformal prediction, Vovk et al.
 * 2005): near the end of life errors are small, in the middle they are not.
 */
export function fitInterval(unseen: readonly Unseen[], level: number): Interval {
  const sorted = [...unseen].sort((a, b) => a.predicted - b.predicted)
  const parts = Array.from({ length: bins }, (_, i) =>
    sorted.slice(Math.floor((i * sorted.length) / bins), Math.floor(((i + 1) * sorted.length) / bins)),
  ).filter(part => part.length > 0)
  const errors = parts.map(part =>
    part.map(({ truth, predicted }) => truth - predicted).sort((a, b) => a - b),
  )
  return {
    level,
    edges: parts.slice(0, -1).map(part => part[part.length - 1]!.predicted),
    low: errors.map(of => quantile(of, (1 - level) / 2)),
    high: errors.map(of => quantile(of, (1 + level) / 2)),
  }
}

/** Of a prediction within [0, cap]: ordered, and within [0, cap] too. */
export function intervalOf(interval: Interval, predicted: number, cap: number): [number, number] {
  const bin = binOf(interval.edges, predicted)
  const within = (value: number) => Math.min(cap, Math.max(0, value))
  const lower = within(predicted + interval.low[bin]!)
  const upper = within(predicted + interval.high[bin]!)
  return [Math.min(lower, predicted), Math.max(upper, predicted)]
}

/** Share of truths within intervals that the other half of the units made. */
export function coverageOf(unseen: readonly Unseen[], level: number, cap: number): number {
  const halves = [0, 1].map(half => unseen.filter(({ unit }) => unit % 2 === half))
  const covered = halves.flatMap((judged, half) => {
    const others = halves[1 - half]!
    if (others.length === 0) return []
    const interval = fitInterval(others, level)
    return judged.map(({ predicted, truth }) => {
      const [lower, upper] = intervalOf(interval, predicted, cap)
      return truth >= lower && truth <= upper
    })
  })
  return covered.filter(Boolean).length / Math.max(1, covered.length)
}

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.ceil(at)
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!)
}
