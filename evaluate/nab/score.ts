/**
 * The score of the Numenta Anomaly Benchmark, standard profile, after Lavin and Ahmad, "Evaluating Real-time Anomaly
 * Detection Algorithms - the Numenta Anomaly Benchmark" (ICMLA 2015) and the rules its scorer states: the first
 * detection in a window counts by how early it is, every detection outside counts against, a window without one is
 * missed. 0 is a detector that says nothing, 100 a perfect one.
 */
export type Labelled = {
  /** One a row, any order-preserving number. */
  readonly times: readonly number[]
  /** First and last time of each labelled window, both in it, in order. */
  readonly windows: readonly (readonly [number, number])[]
}

/** One file's detections: the row numbers. */
export type Detections = Labelled & { readonly rows: readonly number[] }

const falsePositive = 0.11

/** Rows at the beginning that are not scored. */
export function probation(rows: number): number {
  return Math.floor(0.15 * Math.min(rows, 5_000))
}

/** Of all files together. */
export function nabScore(files: readonly Detections[]): number {
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0)
  const raw = files.reduce((sum, file) => sum + rawScore(file), 0)
  return (100 * (raw + windows)) / (2 * windows)
}

/** Between minus the number of windows (null detector) less what false alarms cost, and the number of windows. */
export function rawScore({ times, windows, rows }: Detections): number {
  const spans = windows.map(([from, to]) => ({ first: firstAt(times, from), last: lastAt(times, to) }))
  const best = spans.map(() => -1)
  let score = 0
  for (const row of rows) {
    if (row < probation(times.length)) continue
    const at = spans.findIndex(({ first, last }) => row >= first && row <= last)
    if (at < 0)
      score +=
        falsePositive *
        outside(
          row,
          spans.findLast(({ last }) => last < row),
        )
    else best[at] = Math.max(best[at]!, inside(row, spans[at]!))
  }
  return score + best.reduce((sum, one) => sum + one, 0)
}

type Span = { readonly first: number; readonly last: number }

/** 1 at the window's first row, about 0 at its last. */
function inside(row: number, { first, last }: Span): number {
  return scaledSigmoid(-(last - row + 1) / (last - first + 1)) / scaledSigmoid(-1)
}

/** From about 0 right behind a window to -1, which is also what counts before the first one. */
function outside(row: number, before: Span | undefined): number {
  if (before === undefined) return -1
  return scaledSigmoid((row - before.last) / Math.max(1, before.last - before.first))
}

function scaledSigmoid(x: number): number {
  return x > 3 ? -1 : 2 / (1 + Math.exp(5 * x)) - 1
}

function firstAt(times: readonly number[], from: number): number {
  const at = times.findIndex(t => t >= from)
  return at < 0 ? times.length : at
}

function lastAt(times: readonly number[], to: number): number {
  return times.findLastIndex(t => t <= to)
}
