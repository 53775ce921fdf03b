import type { Aggregate, Evidence, Micros } from '../../model/index.ts'

/** What is known of one tag in one tumbling window [start, start + size) while it is open. */
export type Window = {
  start: Micros
  count: number
  good: number
  /** Good samples that are finite numbers: what the next four stand on; they are 0 while this is 0. */
  n: number
  mean: number
  /** Sum of squared differences from the mean; -1 once a value was too large to be squared. */
  m2: number
  min: number
  max: number
  last: unknown
  lastT: Micros
  /** How often it was given out. */
  emitted: number
  /** Samples in it when it was last given out. */
  given: number
  /** Samples that came after it was closed. */
  late: number
}

/** A closed window, kept for late samples: the same fields without their names, because there are many of them. */
export type Kept = [
  start: Micros,
  count: number,
  good: number,
  n: number,
  mean: number,
  m2: number,
  min: number,
  max: number,
  last: unknown,
  lastT: Micros,
  emitted: number,
  given: number,
  late: number,
]

/** Beyond this a square does not fit a double: mean and std become null, never a wrong number. */
const largest = 1e140

export function openWindow(start: Micros): Window {
  return {
    start,
    count: 0,
    good: 0,
    n: 0,
    mean: 0,
    m2: 0,
    min: 0,
    max: 0,
    last: null,
    lastT: 0,
    emitted: 0,
    given: 0,
    late: 0,
  }
}

export function keep(w: Window): Kept {
  return [
    w.start,
    w.count,
    w.good,
    w.n,
    w.mean,
    w.m2,
    w.min,
    w.max,
    w.last,
    w.lastT,
    w.emitted,
    w.given,
    w.late,
  ]
}

export function reopen(kept: Kept): Window {
  const [start, count, good, n, mean, m2, min, max, last, lastT, emitted, given, late] = kept
  return { start, count, good, n, mean, m2, min, max, last, lastT, emitted, given, late }
}

/** Adds one sample: Welford's update, whose error does not grow with the ratio of mean to spread. */
export function addSample(w: Window, t: Micros, value: unknown, good: boolean): void {
  w.count++
  if (!good) return
  w.good++
  if (w.good === 1 || t >= w.lastT) {
    w.last = value
    w.lastT = t
  }
  if (typeof value === 'number' && Number.isFinite(value)) addNumber(w, value)
}

function addNumber(w: Window, x: number): void {
  w.n++
  if (w.n === 1 || x < w.min) w.min = x
  if (w.n === 1 || x > w.max) w.max = x
  if (w.m2 < 0 || x > largest || x < -largest) {
    w.m2 = -1
    return
  }
  const d = x - w.mean
  w.mean += d / w.n
  w.m2 += d * (x - w.mean)
}

/** Adds all of `part` to `whole`: the pairwise update of Chan, Golub and LeVeque (1979). */
export function mergeWindow(whole: Window, part: Window): void {
  whole.count += part.count
  if (part.good > 0 && (whole.good === 0 || part.lastT >= whole.lastT)) {
    whole.last = part.last
    whole.lastT = part.lastT
  }
  whole.good += part.good
  if (part.n > 0) mergeNumbers(whole, part)
}

function mergeNumbers(whole: Window, part: Window): void {
  const n = whole.n + part.n
  whole.min = whole.n === 0 ? part.min : Math.min(whole.min, part.min)
  whole.max = whole.n === 0 ? part.max : Math.max(whole.max, part.max)
  if (whole.m2 < 0 || part.m2 < 0) {
    whole.m2 = -1
  } else {
    const d = part.mean - whole.mean
    whole.mean += d * (part.n / n)
    whole.m2 += part.m2 + d * d * ((whole.n * part.n) / n)
  }
  whole.n = n
}

/** The record of a window as it stands now. */
export function aggregateOf(
  w: Window,
  { asset, tag, unit }: { readonly asset: string; readonly tag: string; readonly unit: string | undefined },
  size: Micros,
  evidence: Evidence[],
  revision: number,
): Aggregate {
  const numeric = w.n > 0
  const squared = numeric && w.m2 >= 0
  const record: Aggregate = {
    v: 1,
    asset,
    tag,
    start: w.start,
    end: w.start + size,
    count: w.count,
    good: w.good,
    min: numeric ? w.min : null,
    max: numeric ? w.max : null,
    mean: squared ? w.mean : null,
    std: squared && w.n > 1 ? Math.sqrt(w.m2 / (w.n - 1)) : null,
    last: w.last,
    revision,
    evidence,
  }
  if (w.late > 0) record.late = w.late
  if (unit !== undefined) record.unit = unit
  return record
}
