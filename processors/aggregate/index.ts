import type { Micros, Output, Processor, TelemetryRecord } from '../../model/index.ts'
import type { ProcessorAsset } from '../contract.ts'
import { knownSource, limitOf, observe, observeTick, reachOf, type TimeRules } from '../event-time/index.ts'
import { clockSignal } from './clock.ts'
import { giveOutEnded } from './ended.ts'
import { type Level, startOf } from './level.ts'
import { courseOf, coursesOf, shorten } from './line.ts'
import { lossSignal } from './losses.ts'
import type { AggregateOptions } from './options.ts'
import { addRecord, type ColumnsOf, type Following, type Revised } from './record.ts'
import { closeSeries, isEmpty, keepWindow } from './series.ts'
import { evidenceAhead, evidenceIn, letGo, passOn } from './spans.ts'
import { type AggregateState, current, newState } from './state.ts'
import { aggregateOf, type Window } from './window.ts'

export { AggregateOptions } from './options.ts'
export type { AggregateState } from './state.ts'

/**
 * Tumbling windows of 1 s, 1 min and 1 h over source time for every tag of the asset. A window is closed, given out
 * and merged into the next longer one when every source of the asset that talks has reached its end. A late sample is
 * added to the windows that are closed but kept, which are given out again with the next revision, and to the first
 * open one; where a window is no longer kept the sample is counted in the signal `not-aggregated`. Time that jumps is
 * told in the signal `clock`, and closes windows only when it lasts. Of an asset that is silent, ticks give out what has
 * ended as it stands; should more come, the next revision has it.
 */
export function aggregate(asset: ProcessorAsset, options: AggregateOptions): Processor<AggregateState> {
  const levels = levelsOf(options)
  const courses = coursesOf(asset.tags)
  const giveOut = giverFor(asset, levels, courses)
  const columns: ColumnsOf = new WeakMap()
  const setting = { asset: asset.id, levels, courses, columns, rules: rulesOf(options), giveOut }
  return {
    name: 'aggregate',
    isLarge: true,
    initial: newState,
    step(given, event) {
      const state = current(given)
      if (event.kind === 'tick') return ticked(state, event.t, setting)
      if (event.kind !== 'telemetry') return [state, []]
      return [state, added(state, event.record, event.receivedAt, setting)]
    },
  }
}

function levelsOf({ lateness1sMs, lateness1mMs, lateness1hMs }: AggregateOptions): readonly Level[] {
  return [
    { topic: 'aggregates-1s', size: 1_000_000, kept: lateness1sMs * 1_000 },
    { topic: 'aggregates-1m', size: 60_000_000, kept: lateness1mMs * 1_000 },
    { topic: 'aggregates-1h', size: 3_600_000_000, kept: lateness1hMs * 1_000 },
  ]
}

/** What is within any lateness is late, and no clock is suspected. */
function rulesOf(options: AggregateOptions): TimeRules {
  const { idleMs, clockJumpMs, lateness1sMs, lateness1mMs, lateness1hMs } = options
  const back = Math.max(clockJumpMs, lateness1sMs, lateness1mMs, lateness1hMs)
  return { idle: idleMs * 1_000, jump: clockJumpMs * 1_000, back: back * 1_000 }
}

type Setting = Following & {
  readonly asset: string
  readonly rules: TimeRules
  readonly giveOut: GiveOut
}

function added(
  state: AggregateState,
  record: TelemetryRecord,
  receivedAt: Micros | undefined,
  setting: Setting,
): Output[] {
  const { asset, rules, giveOut } = setting
  const { time } = state
  const revised: Revised[] = []
  const outputs: Output[] = []
  const limit = limitOf(knownSource(time, record.source), receivedAt, rules)
  const seen = addRecord(state, record, limit, setting, revised)
  revise(state, revised, giveOut, outputs)
  const before = time.watermark ?? Number.NEGATIVE_INFINITY
  const event = observe(time, record.source, { ...seen, receivedAt }, rules)
  const watermark = time.watermark ?? before
  if (watermark < before) beginAgain(state, before)
  if (watermark > before) close(state, setting, before, outputs)
  outputs.push(...clockSignal(state.clock, asset, time, record, event))
  outputs.push(...lossSignal(state.losses, asset, record, time.watermark))
  return outputs
}

function ticked(
  state: AggregateState,
  t: Micros,
  setting: Setting,
): readonly [AggregateState, readonly Output[]] {
  const { levels, rules, giveOut } = setting
  const time = observeTick(state.time, t, rules)
  const next = time === state.time ? state : { ...state, time }
  const outputs: Output[] = []
  const before = state.time.watermark ?? Number.NEGATIVE_INFINITY
  if (next !== state) close(next, setting, before, outputs)
  const reach = reachOf(time, t, rules)
  if (reach === undefined) return [next, outputs]
  const evidence = evidenceAhead(next.spans, levels)
  for (const [tag, series] of Object.entries(next.series)) {
    giveOutEnded(series, levels, reach, (window, n) => outputs.push(giveOut(next, window, tag, n, evidence)))
  }
  return [next, outputs]
}

/** The clock that made `before` was set back: what it closed may come a second time, and is to replace the first. */
function beginAgain(state: AggregateState, before: Micros): void {
  const { again, highest, losses, time } = state
  state.again = { until: Math.max(before, again?.until ?? before), revision: highest + 1 }
  losses.toldAt = Math.min(losses.toldAt, time.watermark ?? before)
}

type GiveOut = (
  state: AggregateState,
  window: Window,
  tag: string,
  n: number,
  evidence: ReturnType<typeof evidenceIn>,
) => Output

function giverFor(asset: ProcessorAsset, levels: readonly Level[], courses: Following['courses']): GiveOut {
  const units = new Map(asset.tags.map(tag => [tag.name, tag.unit]))
  return (state, window, tag, n, evidence) => {
    const { topic, size } = levels[n]!
    const { again } = state
    const names = { asset: asset.id, tag, unit: units.get(tag) }
    const base = again !== null && window.start < again.until ? again.revision : 0
    const revision = base + window.emitted
    const value = aggregateOf(window, names, size, evidence(n, window.start), revision)
    const { line } = state.series[tag]!
    const course = courses.get(tag)
    if (line !== undefined && course !== undefined)
      Object.assign(value, courseOf(line, course, value.start, value.end, state.time.watermark ?? value.end))
    window.emitted++
    window.given = window.count
    if (revision > state.highest) state.highest = revision
    return { topic, value, t: value.end }
  }
}

function revise(
  state: AggregateState,
  revised: readonly Revised[],
  giveOut: GiveOut,
  outputs: Output[],
): void {
  const evidence = evidenceIn(state.spans)
  for (const { tag, series, n, window } of revised) {
    outputs.push(giveOut(state, window, tag, n, evidence))
    keepWindow(series, n, window)
  }
}

/** Closes what the watermark has passed since it was at `before`. */
function close(
  state: AggregateState,
  { levels, courses, columns, giveOut }: Setting,
  before: Micros,
  outputs: Output[],
): void {
  const watermark = state.time.watermark!
  const shortest = levels[0]!.size
  if (startOf(before, shortest) === startOf(watermark, shortest)) return
  columns.delete(state)
  passOn(state.spans, levels, before, watermark)
  const evidence = evidenceIn(state.spans)
  for (const tag of Object.keys(state.series)) {
    const series = state.series[tag]!
    const course = courses.get(tag)
    closeSeries(series, levels, watermark, course?.isHeld ?? false, (window, n) =>
      outputs.push(giveOut(state, window, tag, n, evidence)),
    )
    if (course === undefined) delete series.line
    else if (series.line !== undefined) shorten(series.line, course, levels, watermark)
    if (isEmpty(series)) delete state.series[tag]
  }
  letGo(state.spans, levels, watermark)
}
