import type { Micros, Tag } from '../../model/index.ts'
import { notKnown, type Opinion } from '../announce.ts'
import { mostStates } from '../machine-state.ts'
import { valueText } from '../trust.ts'
import { type Learning, learned, learnRow, newLearning } from './learning.ts'
import { adapt, type Deviation, deviations, type Model } from './model.ts'
import type { MultivariateOptions } from './options.ts'

/** What is known of one state of the machine ("" where none is given). */
export type Known = {
  state: string
  t: Micros
  learning: Learning | null
  model: Model | null
}

/** What the row tells, in the state the machine is in. Learns first, then judges and follows. */
export function judgeRow(
  known: Known[],
  state: string,
  t: Micros,
  row: readonly number[],
  tags: readonly Tag[],
  options: MultivariateOptions,
): Opinion {
  let here = known.find(one => one.state === state)
  if (here === undefined) {
    if (known.length >= mostStates)
      return notKnown(`"${state}" is one more than the ${mostStates} states of the machine that are learned`)
    here = { state, t, learning: newLearning(row), model: null }
    known.push(here)
  }
  const apart = t - here.t
  here.t = t
  if (here.model !== null) return judged(here.model, row, apart, tags, options)
  return learn(here, row, apart, options)
}

/** The weight of one row in an average of that time constant. */
function shareOf(apart: Micros, constantMs: number): number {
  return apart <= 0 ? 0 : 1 / (1 + (constantMs * 1_000) / apart)
}

function learn(here: Known, row: readonly number[], apart: Micros, options: MultivariateOptions): Opinion {
  const { learnRows, smoothMs } = options
  const { learning } = here
  learnRow(learning!, row, shareOf(apart, smoothMs))
  if (learning!.n >= learnRows && learning!.smoothN > 0) {
    here.model = learned(learning!)
    here.learning = null
  }
  const where = here.state && ` in state "${here.state}"`
  return notKnown(`learning: ${learning!.n} of ${learnRows} rows${where}`)
}

function judged(
  model: Model,
  row: readonly number[],
  apart: Micros,
  tags: readonly Tag[],
  options: MultivariateOptions,
): Opinion {
  const { sigmas, smoothMs, adaptMs } = options
  const sorted = deviations(model, row, shareOf(apart, smoothMs)).sort(
    (a, b) => Math.abs(b.sigmas) - Math.abs(a.sigmas),
  )
  const value = Math.abs(sorted[0]!.sigmas)
  const warns = value > sigmas
  adapt(model, shareOf(apart, warns ? 20 * adaptMs : adaptMs))
  return {
    verdict: warns ? 'warning' : 'normal',
    value,
    limits: { warning: sigmas },
    reason: () => reasonOf(sorted, tags, sigmas),
    details: Object.fromEntries(sorted.map(one => [tags[one.tag]!.name, Number(one.sigmas.toFixed(2))])),
  }
}

/** The tags that are beyond the limit, at most three of them, else the one that is nearest. */
function reasonOf(sorted: readonly Deviation[], tags: readonly Tag[], sigmas: number): string {
  const beyond = sorted.filter(one => Math.abs(one.sigmas) > sigmas)
  if (beyond.length === 0) {
    const first = sorted[0]!
    return `all tags go together as usual; furthest off is ${tags[first.tag]!.name}, ${text(first, tags[first.tag]!)}`
  }
  const told = beyond.slice(0, 3).map(one => `${tags[one.tag]!.name} ${text(one, tags[one.tag]!)}`)
  const more = beyond.length > 3 ? `; and ${beyond.length - 3} more` : ''
  return `${told.join('; ')}${more}`
}

function text({ kind, sigmas, value, expected }: Deviation, tag: Tag): string {
  const by = kind === 'left' ? 'where the other tags tell' : 'usually about'
  return `is ${valueText(value, tag)}, ${by} ${valueText(expected, tag)} (${Math.abs(sigmas).toFixed(1)} standard deviations)`
}
