import type { Micros, Output, Processor, ProcessorEvent, Tag } from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import {
  type EventTime,
  knownSource,
  limitOf,
  newEventTime,
  observe,
  observeTick,
  reachOf,
  seenIn,
  type TimeRules,
} from '../event-time/index.ts'
import { readingsOf } from '../readings.ts'
import { refuseShapeless, WindowsOptions } from './options.ts'
import { joinedSignal, type Told, windowSignal } from './signal.ts'
import { addTo, hopping, type Shape, type Span, session } from './span.ts'

export type WindowsState = { v: 1; time: EventTime; spans: Span[]; tooLate: number }
type Named = WindowsOptions & { readonly name: string }

/**
 * A statistic of one tag over hopping or session windows of source time. Given out when the sources that talk have
 * passed its end, and again when late samples change it, with the next revision.
 */
export const windows: ProcessorKind<WindowsOptions> = {
  kind: 'windows',
  options: WindowsOptions,
  create(asset, options) {
    const tag = tagOf(asset, options.name, options.tag, 'telemetry')
    refuseShapeless(asset.id, options)
    const setting = { options, tag, shape: shapeOf(options), rules: rulesOf(options) }
    return {
      name: options.name,
      initial: () => ({ v: 1, time: newEventTime(), spans: [], tooLate: 0 }),
      step: (state, event) => step(state, event, setting),
    } satisfies Processor<WindowsState>
  },
}

type Setting = {
  readonly options: Named
  readonly tag: Tag
  readonly shape: Shape
  readonly rules: TimeRules
}

function shapeOf({ window, sizeMs = 0, everyMs = sizeMs, gapMs = 0 }: WindowsOptions): Shape {
  return window === 'session' ? session(gapMs * 1_000) : hopping(sizeMs * 1_000, everyMs * 1_000)
}

const shortestJump: Micros = 10_000_000
const longestLateness: Micros = 900_000_000

function rulesOf({ idleMs, latenessMs }: WindowsOptions): TimeRules {
  return { idle: idleMs * 1_000, jump: shortestJump, back: Math.max(longestLateness, latenessMs * 1_000) }
}

function step(
  state: WindowsState,
  event: ProcessorEvent,
  setting: Setting,
): readonly [WindowsState, readonly Output[]] {
  if (event.kind === 'tick') return ticked(state, event.t, setting)
  if (event.kind !== 'telemetry') return [state, []]
  const { record, receivedAt } = event
  const { time } = state
  const told: Told = { ...setting, tooLate: () => state.tooLate }
  const outputs: Output[] = []
  for (const reading of readingsOf(record, setting.tag.name)) {
    const watermark = time.watermark ?? Number.NEGATIVE_INFINITY
    const gone = watermark - setting.options.latenessMs * 1_000
    if (setting.shape.endOf(reading.t) <= gone) {
      state.tooLate++
      continue
    }
    const { of, absorbed } = setting.shape.spansFor(state.spans, reading.t, gone)
    for (const span of of) addTo(span, reading, record, span.to <= watermark)
    for (const span of absorbed) outputs.push(joinedSignal(span, of[0]!, told))
  }
  const limit = limitOf(knownSource(time, record.source), receivedAt, setting.rules)
  observe(time, record.source, seenIn(record, limit, receivedAt), setting.rules)
  if (time.watermark !== null) outputs.push(...giveOut(state, time.watermark, told))
  letGo(state, setting.options)
  return [state, outputs]
}

function ticked(
  state: WindowsState,
  t: Micros,
  setting: Setting,
): readonly [WindowsState, readonly Output[]] {
  const time = observeTick(state.time, t, setting.rules)
  const next = time === state.time ? state : { ...state, time }
  const until = reachOf(time, t, setting.rules) ?? time.watermark
  if (until === null) return [state, []]
  return [next, giveOut(next, until, { ...setting, tooLate: () => next.tooLate })]
}

/** Every window that has ended, and holds other samples than when it was last given out. */
function giveOut(state: WindowsState, until: Micros, told: Told): Output[] {
  return state.spans
    .filter(({ to, held }) => to <= until && held.given !== held.count)
    .map(span => windowSignal(span, told))
}

function letGo(state: WindowsState, { latenessMs }: WindowsOptions): void {
  const { watermark } = state.time
  if (watermark === null) return
  const kept = latenessMs * 1_000
  if (state.spans.some(({ to }) => to + kept <= watermark))
    state.spans = state.spans.filter(({ to }) => to + kept > watermark)
}
