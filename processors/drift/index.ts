import { type Static, Type } from 'typebox'
import type { Tag } from '../../model/index.ts'
import { notKnown, type Opinion } from '../announce.ts'
import { mostStates } from '../machine-state.ts'
import { newSteps, type Steps, stepMean, stepOption } from '../steps.ts'
import { tagKind } from '../tag-kind.ts'
import { severities, tagOptions, verdictAt } from '../tag-options.ts'
import { valueText } from '../trust.ts'

export const DriftOptions = Type.Object(
  {
    ...tagOptions,
    ...stepOption,
    learnSteps: Type.Integer({
      minimum: 10,
      default: 1_440,
      description: 'Steps from which mean and spread are learned, once in each state; then they stay.',
    }),
    slack: Type.Number({
      minimum: 0,
      default: 0.5,
      description: 'CUSUM: deviations that are none, in standard deviations of the steps (k of the chart).',
    }),
    weight: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.1,
      description: 'EWMA: weight of the newest step (lambda of the chart).',
    }),
    cusum: severities(
      'CUSUM: sums at which the verdict changes, in standard deviations (h of the chart).',
      12,
      24,
    ),
    ewma: severities('EWMA: distances at which it changes, in standard deviations of the average (L).', 5, 8),
  },
  { additionalProperties: false },
)
export type DriftOptions = Static<typeof DriftOptions>

/** Mean and squares by Welford while learning; both charts afterwards, in standard deviations. */
type Charts = {
  state: string
  n: number
  mean: number
  squares: number
  up: number
  down: number
  ewma: number
}
type Drift = { steps: Steps; charts: Charts[] }

/** Tells a slow or small shift of a tag, which no limit sees: tabular CUSUM and EWMA (Montgomery, SQC, ch. 9). */
export const drift = tagKind<Drift, DriftOptions>({
  kind: 'drift',
  options: DriftOptions,
  initial: () => ({ steps: newSteps(), charts: [] }),
  broken(own) {
    own.steps.n = own.steps.sum = 0
  },
  unit: () => 'sigma',
  judge(own, { t, value, state }, tag, options) {
    const mean = stepMean(own.steps, t, value, options.stepMs)
    if (mean === undefined) return undefined
    let charts = own.charts.find(one => one.state === state)
    if (charts === undefined) {
      if (own.charts.length >= mostStates)
        return notKnown(
          `"${state}" is one more than the ${mostStates} states of the machine that are learned`,
        )
      charts = { state, n: 0, mean: 0, squares: 0, up: 0, down: 0, ewma: 0 }
      own.charts.push(charts)
    }
    if (charts.n < options.learnSteps) return learn(charts, mean, options)
    return judged(charts, mean, tag, options)
  },
})

function learn(charts: Charts, mean: number, { learnSteps }: DriftOptions): Opinion {
  const off = mean - charts.mean
  charts.n++
  charts.mean += off / charts.n
  charts.squares += off * (mean - charts.mean)
  return notKnown(`learning: ${charts.n} of ${learnSteps} steps`)
}

function judged(charts: Charts, mean: number, tag: Tag, options: DriftOptions): Opinion {
  const { slack, weight, cusum, ewma } = options
  const sigma = Math.sqrt(charts.squares / (charts.n - 1)) || Math.max(Math.abs(charts.mean) * 1e-3, 1e-9)
  const z = (mean - charts.mean) / sigma
  // Bounded, so that a shift that was there for weeks does not take weeks to be over.
  const most = 2 * cusum.alarm
  charts.up = Math.min(most, Math.max(0, charts.up + z - slack))
  charts.down = Math.min(most, Math.max(0, charts.down - z - slack))
  charts.ewma += weight * (z - charts.ewma)
  const sum = Math.max(charts.up, charts.down)
  const distance = Math.abs(charts.ewma) / Math.sqrt(weight / (2 - weight))
  const verdicts = [verdictAt(sum, cusum), verdictAt(distance, ewma)] as const
  const verdict = verdicts.includes('alarm') ? 'alarm' : verdicts.includes('warning') ? 'warning' : 'normal'
  const common = { verdict, value: z, details: { cusum: sum, ewma: distance } } as const
  const now = `${tag.name} averages ${valueText(charts.mean + charts.ewma * sigma, tag)}`
  const usual = `${valueText(charts.mean, tag)} when it was learned (spread ${valueText(sigma, tag)})`
  if (verdict === 'normal') return { ...common, reason: `${now}, near the ${usual}` }
  const chart = verdicts[0] === verdict ? `CUSUM ${sum.toFixed(1)}` : `EWMA ${distance.toFixed(1)}`
  const way = charts.ewma < 0 ? 'down' : 'up'
  return { ...common, reason: `${now} and has drifted ${way} from ${usual}: ${chart}` }
}
