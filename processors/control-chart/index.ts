import type { Evidence, Micros, Output, Processor, ProcessorEvent, Signal } from '../../model/index.ts'
import type { ProcessorKind } from '../contract.ts'
import { witnessAll } from '../evidence.ts'
import { type Measured, measuring } from '../measured.ts'
import { type Chart, chartOf, standardChart } from './chart.ts'
import { longestRun, nelson, nelsonSays } from './nelson.ts'
import { ControlChartOptions } from './options.ts'

type Options = ControlChartOptions & { readonly name: string }
type State = {
  t: Micros | null
  /** The subgroup that is filling; with individuals the value before, for the moving range. */
  filling: number[]
  evidence: Evidence[]
  /** Phase I. */
  points: number[]
  ranges: number[]
  chart: Chart | null
  /** Newest points in standard deviations from the center. */
  recent: number[]
  unknown: string | null
}
type Setting = { readonly asset: string; readonly options: Options; readonly what: string }
type Point = { readonly value: number; readonly range: number | null }

/** A Shewhart chart: X-bar and R, or individuals and moving range, with Nelson's tests. */
export const controlChart: ProcessorKind<ControlChartOptions> = {
  kind: 'control-chart',
  options: ControlChartOptions,
  create(asset, options) {
    const measured = measuring(asset, options)
    const setting = { asset: asset.id, options, what: measured.what }
    return {
      name: options.name,
      initial: () => newState(options),
      step: (state, event: ProcessorEvent) => [
        state,
        measured.of(event).flatMap(one => taken(state, one, setting)),
      ],
    } satisfies Processor<State>
  },
}

function newState({ standard, subgroup }: Options): State {
  const chart = standard ? standardChart(standard, subgroup) : null
  return { t: null, filling: [], evidence: [], points: [], ranges: [], chart, recent: [], unknown: null }
}

function taken(state: State, measured: Measured, setting: Setting): Output[] {
  const { t, value } = measured
  if (state.t !== null && t < state.t) return []
  state.t = t
  if (typeof value === 'string') return notKnown(state, measured, value, setting)
  state.unknown = null
  witnessAll(state.evidence, measured.evidence)
  const point = pointOf(state, value, setting.options)
  if (point === undefined) return []
  const judgement = state.chart === null ? learned(state, point, setting) : judged(state, point, setting)
  const signal = signalOf(setting, measured, judgement, state.evidence)
  state.evidence = []
  return [{ topic: 'signals', t, value: signal }]
}

/** A measurement that is not known breaks its subgroup, and the moving range over it; it is told once. */
function notKnown(state: State, measured: Measured, why: string, setting: Setting): Output[] {
  state.filling = []
  state.evidence = []
  if (state.unknown === why) return []
  state.unknown = why
  const judgement = { verdict: 'not-known', value: null, reason: why } as const
  return [
    { topic: 'signals', t: measured.t, value: signalOf(setting, measured, judgement, measured.evidence) },
  ]
}

function pointOf(state: State, value: number, { subgroup }: Options): Point | undefined {
  if (subgroup === 1) {
    const before = state.filling[0]
    state.filling = [value]
    return { value, range: before === undefined ? null : Math.abs(value - before) }
  }
  state.filling.push(value)
  if (state.filling.length < subgroup) return undefined
  const group = state.filling
  state.filling = []
  const sum = group.reduce((sum, one) => sum + one, 0)
  return { value: sum / subgroup, range: Math.max(...group) - Math.min(...group) }
}

type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason' | 'limits' | 'details'>

function learned(state: State, { value, range }: Point, { options, what }: Setting): Judgement {
  state.points.push(value)
  if (range !== null) state.ranges.push(range)
  const have = state.points.length
  if (have < options.baseline || state.ranges.every(range => range === 0)) {
    const constant = have >= options.baseline ? `, and ${what} has not moved` : ''
    if (have > options.baseline) state.points.shift()
    if (state.ranges.length > options.baseline) state.ranges.shift()
    const reason = `Learning the limits of ${what}: ${Math.min(have, options.baseline)} of ${options.baseline} points${constant}`
    return { verdict: 'not-known', value: null, reason }
  }
  state.chart = chartOf(state.points, state.ranges, options.subgroup)
  Object.assign(state, { points: [], ranges: [] })
  const { leftOut } = state.chart
  const without = leftOut > 0 ? `; ${leftOut} that were beyond them are left out` : ''
  const reason = `${what} has its limits now, from ${options.baseline} points${without}`
  return { verdict: 'normal', value, reason, details: detailsOf(state.chart, range, []) }
}

function judged(state: State, { value, range }: Point, { options, what }: Setting): Judgement {
  const chart = state.chart!
  state.recent.push((3 * (value - chart.center)) / (chart.upper - chart.center))
  if (state.recent.length > longestRun) state.recent.shift()
  const failed = nelson(state.recent, options.tests)
  const spread = range !== null && range > chart.rangeUpper
  const calm = range !== null && range < chart.rangeLower
  const verdict = spread || failed.includes(1) ? 'alarm' : failed.length > 0 || calm ? 'warning' : 'normal'
  const side = value < chart.center ? chart.lower : chart.upper
  const reasons = [
    ...failed.map(nelsonSays),
    ...(spread ? [`its range of ${short(range)} is above ${short(chart.rangeUpper)}`] : []),
    ...(calm ? [`its range of ${short(range)} is below ${short(chart.rangeLower)}`] : []),
  ]
  const told = reasons.length > 0 ? reasons.join('; ') : 'in control'
  const reason = `${what} is ${short(value)} about a center of ${short(chart.center)}: ${told}`
  return { verdict, value, reason, limits: { alarm: side }, details: detailsOf(chart, range, failed) }
}

function detailsOf(
  chart: Chart,
  range: number | null,
  failed: readonly number[],
): NonNullable<Signal['details']> {
  const { leftOut: _, ...lines } = chart
  return { ...lines, range, tests: failed.join(',') }
}

const short = (value: number) => String(Number(value.toPrecision(5)))

function signalOf(
  { asset, options }: Setting,
  { t, unit }: Measured,
  { limits, details, ...judgement }: Judgement,
  evidence: readonly Evidence[],
): Signal {
  return {
    v: 1,
    asset,
    signal: options.name,
    processor: 'control-chart',
    t,
    unit,
    ...judgement,
    ...(limits && { limits }),
    ...(details && { details }),
    evidence: structuredClone([...evidence]),
  }
}
