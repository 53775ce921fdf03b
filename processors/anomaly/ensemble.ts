import type { Micros } from '../../model/index.ts'
import { newRank, type Rank, rarity, remember } from './rank.ts'

/** What is asked of every step of a tag; the order of the ranks in the state. */
export const questions = ['level', 'step', 'noise', 'time of day', 'trend'] as const

/** What is known of one tag, in one state of its machine. Plain and bounded: about 2 kB as JSON. */
export type Ensemble = {
  /** Steps learned from. */
  n: number
  t: Micros
  last: number
  /** Slow and quick moving averages; of the quick one's squared error; of the logarithm of that. */
  slow: number
  quick: number
  variance: number
  logVariance: number
  /** Moving average by hour of the day (UTC), null before the first; of the deviation from it. */
  season: (number | null)[]
  trend: number
  ranks: Rank[]
}

/** One step: the samples between two judgements, as their mean and variance. */
export type Step = { readonly t: Micros; readonly mean: number; readonly variance: number }

/** Shares by which a step moves the averages (of the season: a day); steps remembered; questions that must agree. */
export const tuning = { slow: 0.002, quick: 0.3, noise: 0.05, season: 0.15, memory: 8_000, top: 2 }

const dayMicros = 86_400e6
const hours = 24

export function newEnsemble({ t, mean }: Step): Ensemble {
  return {
    n: 0,
    t,
    last: mean,
    slow: mean,
    quick: mean,
    variance: 0,
    logVariance: 0,
    season: new Array<null>(hours).fill(null),
    trend: 0,
    ranks: questions.map(newRank),
  }
}

/** Begins anew with what only neighbouring steps tell; all that was learned stays. */
export function resume(ensemble: Ensemble, { mean }: Step): void {
  ensemble.last = mean
  ensemble.quick = mean
  ensemble.trend = 0
}

export type Surprise = {
  /** Mean of the two greatest of `-log10(share of the past that was as strange)`. */
  readonly rarity: number
  /** The question with the strangest answer, and what was expected there. */
  readonly question: (typeof questions)[number]
  readonly expected: number
}

/** Asks every question of the step, against the past alone, and only then learns from it. */
export function surprise(ensemble: Ensemble, step: Step): Surprise {
  const expected = expectations(ensemble, step)
  const strange = strangeness(ensemble, step, expected)
  const rarities = strange.map((one, i) => rarity(ensemble.ranks[i]!, one))
  for (const [i, one] of strange.entries()) remember(ensemble.ranks[i]!, one, tuning.memory)
  learn(ensemble, step, expected)
  const greatest = Math.max(...rarities)
  const at = rarities.indexOf(greatest)
  const sorted = rarities.toSorted((a, b) => b - a)
  let sum = 0
  for (let i = 0; i < tuning.top; i++) sum += sorted[i]!
  return {
    rarity: sum / tuning.top,
    question: questions[at]!,
    expected: at === 2 ? Math.sqrt(Math.exp(ensemble.logVariance)) : expected[at]!,
  }
}

/** What is expected by each question; for the noise the logarithm of its variance. */
type Expected = readonly [number, number, number, number, number]

function expectations(ensemble: Ensemble, { t }: Step): Expected {
  const season = ensemble.season[hourOf(t)] ?? ensemble.slow
  return [ensemble.slow, ensemble.last, ensemble.logVariance, season, season]
}

function strangeness(ensemble: Ensemble, { mean, variance }: Step, expected: Expected): number[] {
  const error = mean - ensemble.quick
  ensemble.variance += tuning.noise * (error * error + variance - ensemble.variance)
  ensemble.trend += tuning.noise * (mean - expected[4] - ensemble.trend)
  return [
    Math.abs(mean - expected[0]),
    Math.abs(mean - expected[1]),
    Math.max(0, logVarianceOf(ensemble) - expected[2]),
    Math.abs(mean - expected[3]),
    Math.abs(ensemble.trend),
  ]
}

/** Kept off minus infinity by a billionth of the level. */
function logVarianceOf({ variance, slow }: Ensemble): number {
  return Math.log(variance + 1e-9 * slow * slow + 1e-18)
}

function learn(ensemble: Ensemble, { t, mean }: Step, expected: Expected): void {
  const n = ++ensemble.n
  const quickly = Math.max(tuning.slow, 1 / (n + 1))
  ensemble.logVariance += (n < 6 ? 1 : tuning.slow) * (logVarianceOf(ensemble) - ensemble.logVariance)
  ensemble.slow += quickly * (mean - ensemble.slow)
  ensemble.quick += tuning.quick * (mean - ensemble.quick)
  const hour = hourOf(t)
  const known = ensemble.season[hour] != null
  const shareOfHour = Math.min(1, (Math.max(60e6, t - ensemble.t) * hours) / dayMicros)
  ensemble.season[hour] = known ? expected[3] + tuning.season * shareOfHour * (mean - expected[3]) : mean
  ensemble.t = t
  ensemble.last = mean
}

function hourOf(t: Micros): number {
  const ofDay = t - Math.floor(t / dayMicros) * dayMicros
  return Math.floor((ofDay * hours) / dayMicros)
}
