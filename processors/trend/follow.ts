import type { Evidence, Micros } from '../../model/index.ts'
import { type Baseline, sigmaOf } from './baseline.ts'
import type { TrendOptions } from './options.ts'

export type Level = 'normal' | 'warning' | 'alarm'

/** How many values in a row have been beyond a limit: in the moving average, and by themselves at twice the distance. */
type Rows = { slow: number; fast: number }

export type TrendState = {
  /** Source time and unit of the newest value; older ones change nothing. */
  t: Micros | null
  unit: string | null
  baseline: Baseline
  /** The moving average; null until the baseline is learned. */
  average: number | null
  warning: Rows
  alarm: Rows
  /** Values in a row that were clear of the present level's limit. */
  clear: number
  level: Level
  /** Until then it stays normal. */
  quietUntil: Micros
  /** As last given out. */
  verdict: Level | 'not-known' | null
  givenOutAt: Micros
  /** What the present excess stands on, else the last value. */
  evidence: Evidence[]
}

/** Whether a verdict stands, or one may be coming. */
export function isBeyond({ level, warning }: TrendState): boolean {
  return level !== 'normal' || warning.slow > 0 || warning.fast > 0
}

/** A distance that counts for a value by itself, in those that count for the average. */
const jump = 2

/** What one value comes to. */
export type Followed = { readonly average: number; readonly sigmas: number; readonly sigma: number }

/** Moves the state on by one value; the baseline is learned and its sigma is above 0. */
export function follow(state: TrendState, value: number, t: Micros, options: TrendOptions): Followed {
  const { mean } = state.baseline
  const sigma = sigmaOf(state.baseline, options.leastSigmaShare)
  const side = options.side === 'above' ? 1 : -1
  const before = state.average ?? mean
  const average = before + options.smoothing * (value - before)
  state.average = average
  const sigmas = (side * (average - mean)) / sigma
  const alone = (side * (value - mean)) / sigma
  count(state.warning, sigmas, alone, options.warningSigma)
  count(state.alarm, sigmas, alone, options.alarmSigma)
  state.level = nextLevel(state, sigmas, t, options)
  return { average, sigmas, sigma }
}

function count(rows: Rows, sigmas: number, alone: number, limit: number): void {
  rows.slow = sigmas > limit ? rows.slow + 1 : 0
  rows.fast = alone > jump * limit ? rows.fast + 1 : 0
}

const rank = { normal: 0, warning: 1, alarm: 2 }

function nextLevel(state: TrendState, sigmas: number, t: Micros, options: TrendOptions): Level {
  const { inARow, jumpInARow, warningSigma, alarmSigma, refractoryMs } = options
  const isRaised = ({ slow, fast }: Rows) => slow >= inARow || fast >= jumpInARow
  const raised = isRaised(state.alarm) ? 'alarm' : isRaised(state.warning) ? 'warning' : 'normal'
  if (rank[raised] > rank[state.level]) {
    state.clear = 0
    return state.level === 'normal' && t < state.quietUntil ? 'normal' : raised
  }
  const now = sigmas > alarmSigma ? 'alarm' : sigmas > warningSigma ? 'warning' : 'normal'
  state.clear = rank[now] < rank[state.level] ? state.clear + 1 : 0
  if (state.clear < inARow) return state.level
  state.clear = 0
  if (now === 'normal') state.quietUntil = t + refractoryMs * 1_000
  return now
}
