import { type Static, Type } from 'typebox'
import type { Micros, Tag } from '../../model/index.ts'
import { notKnown, type Opinion } from '../announce.ts'
import { mostStates } from '../machine-state.ts'
import { newSteps, type Steps, stepMean, stepOption } from '../steps.ts'
import { tagKind } from '../tag-kind.ts'
import { severities, tagOptions, verdictAt } from '../tag-options.ts'
import { valueText } from '../trust.ts'

export const BaselineOptions = Type.Object(
  {
    ...tagOptions,
    ...stepOption,
    season: Type.Union([Type.Literal('none'), Type.Literal('day'), Type.Literal('week')], {
      default: 'none',
      description: 'Whether every hour of the day, or of the week, has a baseline of its own (UTC).',
    }),
    learnSteps: Type.Integer({
      minimum: 10,
      default: 240,
      description: 'Steps after which a baseline is used; it goes on learning.',
    }),
    sigmas: severities(
      'Distance from the median at which the verdict changes, in robust standard deviations (1.4826 MAD).',
      6,
      12,
    ),
  },
  { additionalProperties: false },
)
export type BaselineOptions = Static<typeof BaselineOptions>

/** Median and median absolute deviation, tracked by steps towards each sample: outliers pull no harder than others. */
type Hour = { n: number; median: number; mad: number }
type Baselines = { steps: Steps; states: { state: string; hours: (Hour | null)[] }[] }

/** Tells a tag that is far from what is usual in this state of the machine, at this time of the day or week. */
export const baseline = tagKind<Baselines, BaselineOptions>({
  kind: 'baseline',
  options: BaselineOptions,
  initial: () => ({ steps: newSteps(), states: [] }),
  broken(own) {
    own.steps.n = own.steps.sum = 0
  },
  unit: () => 'sigma',
  judge(own, { t, value, state }, tag, options) {
    const mean = stepMean(own.steps, t, value, options.stepMs)
    if (mean === undefined) return undefined
    let known = own.states.find(one => one.state === state)
    if (known === undefined) {
      if (own.states.length >= mostStates)
        return notKnown(
          `"${state}" is one more than the ${mostStates} states of the machine that are learned`,
        )
      known = { state, hours: [] }
      own.states.push(known)
    }
    const at = placeOf(t, options.season)
    while (known.hours.length <= at) known.hours.push(null)
    const hour = known.hours[at] ?? { n: 0, median: mean, mad: 0 }
    known.hours[at] = hour
    const opinion = judged(hour, mean, state, tag, options)
    learn(hour, mean)
    return opinion
  },
})

function placeOf(t: Micros, season: BaselineOptions['season']): number {
  if (season === 'none') return 0
  const hours = Math.floor(t / 3_600e6)
  const period = season === 'day' ? 24 : 168
  return hours - Math.floor(hours / period) * period
}

function judged(hour: Hour, mean: number, state: string, tag: Tag, options: BaselineOptions): Opinion {
  const { learnSteps, sigmas, season } = options
  if (hour.n < learnSteps) {
    const where = season === 'none' ? '' : ` of this hour of the ${season}`
    return notKnown(`learning: ${hour.n} of ${learnSteps} steps${where}`)
  }
  const sigma = Math.max(1.4826 * hour.mad, Math.abs(hour.median) * 1e-4, 1e-9)
  const off = (mean - hour.median) / sigma
  const when = `${state && ` in state "${state}"`}${season === 'none' ? '' : ` at this hour of the ${season}`}`
  return {
    verdict: verdictAt(Math.abs(off), sigmas),
    value: off,
    limits: { warning: Math.sign(off || 1) * sigmas.warning, alarm: Math.sign(off || 1) * sigmas.alarm },
    reason: `${tag.name} is ${valueText(mean, tag)}, usually ${valueText(hour.median, tag)}${when}: ${Math.abs(off).toFixed(1)} robust standard deviations off`,
  }
}

/** Quickly at first, later by a two-hundredth of the spread a step, so that a shift is told for hours. */
function learn(hour: Hour, mean: number): void {
  hour.n++
  const off = mean - hour.median
  if (hour.n <= 30) {
    hour.median += off / hour.n
    hour.mad += (Math.abs(off) - hour.mad) / hour.n
    return
  }
  const pace = Math.max(hour.mad, Math.abs(hour.median) * 1e-4, 1e-9) * Math.max(0.005, hour.n ** -0.75)
  hour.median += Math.sign(off) * pace
  hour.mad = Math.max(0, hour.mad + Math.sign(Math.abs(off) - hour.mad) * pace)
}
