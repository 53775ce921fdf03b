import {
  type Evidence,
  type Micros,
  MillraceError,
  type Output,
  type Part,
  type Processor,
  type ProcessorEvent,
} from '../../model/index.ts'
import { increaseOf } from '../aggregate/course.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorAsset, ProcessorKind } from '../contract.ts'
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
import { witness } from '../evidence.ts'
import { type Calendar, calendarOf } from './calendar.ts'
import { OeeOptions } from './options.ts'
import { type PartPoint, type Point, pointsIn, put, type SamplePoint, type Tags } from './points.ts'
import { oeeSignal } from './signal.ts'
import { addTime, newTally, type Tally } from './tally.ts'
import { addPart, endedPart, replacePart } from './verdicts.ts'

export type OeeState = {
  v: 1
  time: EventTime
  /** Samples that others may still come before, in the order of time. */
  waiting: Point[]
  /** Up to here everything is in `tally`; null before the first sample. */
  until: Micros | null
  /** How far time had come with the record before; parts that it ended have come since. */
  reached: Micros | null
  machine: string | null
  total: number | null
  counted: number | null
  tally: Tally | null
  toldAt: Micros
  /** Samples that came too late to be put in order, and parts to be in their shift. */
  late: number
  evidence: Evidence[]
}
type Named = OeeOptions & { readonly name: string }
type Setting = {
  readonly asset: string
  readonly options: Named
  readonly tags: Tags
  readonly calendar: Calendar
  readonly rules: TimeRules
}

/**
 * Overall equipment effectiveness of every shift: availability from the machine's state in planned time, performance from
 * the ideal cycle time, quality from counters of parts or from the parts' verdicts. A running value, and the shift's when it has ended.
 */
export const oee: ProcessorKind<OeeOptions> = {
  kind: 'oee',
  options: OeeOptions,
  create(asset, options) {
    const setting = settingOf(asset, options)
    return {
      name: options.name,
      initial: newState,
      step: (state, event) => step(state, event, setting),
    } satisfies Processor<OeeState>
  },
}

function newState(): OeeState {
  return {
    v: 1,
    time: newEventTime(),
    waiting: [],
    until: null,
    reached: null,
    machine: null,
    total: null,
    counted: null,
    tally: null,
    toldAt: 0,
    late: 0,
    evidence: [],
  }
}

function settingOf(asset: ProcessorAsset, options: Named): Setting {
  const { name, stateTag, totalTag, goodTag, scrapTag, timeZone, shifts, idleMs, latenessMs } = options
  const where = `${asset.id}, signal ${name}`
  refuseCounts(options, where)
  const found = (tag: string) => tagOf(asset, name, tag, 'telemetry')
  const countedTag = goodTag ?? scrapTag
  const tags: Tags = {
    state: found(stateTag),
    ...(totalTag !== undefined && { total: found(totalTag) }),
    ...(countedTag !== undefined && { counted: found(countedTag) }),
  }
  const back = Math.max(900_000, latenessMs) * 1_000
  const rules = { idle: idleMs * 1_000, jump: 10_000_000, back }
  return {
    asset: asset.id,
    options,
    tags,
    calendar: zoned(timeZone, shifts, where),
    rules,
  }
}

function refuseCounts({ totalTag, goodTag, scrapTag, parts }: Named, where: string): void {
  if ([goodTag, scrapTag, parts].filter(given => given !== undefined).length !== 1)
    throw new MillraceError('config-invalid', `${where} needs one of goodTag, scrapTag and parts`)
  if (totalTag === undefined && parts === undefined)
    throw new MillraceError('config-invalid', `${where} needs totalTag`, {
      hint: 'Only with `parts` are parts counted without it',
    })
}

function zoned(timeZone: string, shifts: OeeOptions['shifts'], where: string): Calendar {
  try {
    return calendarOf(timeZone, shifts)
  } catch (cause) {
    throw new MillraceError('config-invalid', `${where}: no time zone "${timeZone}"`, {
      cause,
      hint: 'Take a name of the IANA data base, such as Europe/Vienna',
    })
  }
}

function step(
  state: OeeState,
  event: ProcessorEvent,
  setting: Setting,
): readonly [OeeState, readonly Output[]] {
  if (event.kind === 'tick') return ticked(state, event.t, setting)
  if (event.kind === 'part') takePart(state, event.part, setting.options)
  if (event.kind !== 'telemetry') return [state, []]
  const { record, receivedAt } = event
  const { time } = state
  for (const point of pointsIn(record, setting.tags)) {
    if (state.until !== null && point[0] < state.until) state.late++
    else put(state.waiting, point)
  }
  const limit = limitOf(knownSource(time, record.source), receivedAt, setting.rules)
  const clock = observe(time, record.source, seenIn(record, limit, receivedAt), setting.rules)
  // Of a clock that was set back the shift begins anew: what it had said of the time to come is not to be trusted.
  if (clock?.kind === 'set' && clock.by < 0)
    Object.assign(state, { until: null, reached: null, waiting: [], tally: null })
  if (time.watermark === null) return [state, []]
  const outputs: Output[] = []
  witness(state.evidence, record)
  const reached = time.watermark - setting.options.latenessMs * 1_000
  // The parts that this record ends come after it.
  const to = setting.options.parts === undefined ? reached : state.reached
  state.reached = reached
  if (to !== null) advance(state, to, setting, outputs)
  return [state, outputs]
}

/** Once each: a part that is given out again takes the place of what it was. */
function takePart(state: OeeState, part: Part, { parts }: Named): void {
  const ended = part.parts === parts ? endedPart(part) : undefined
  if (ended === undefined) return
  const [t, judged] = ended
  const { waiting, tally, until } = state
  if (tally !== null && replacePart(tally.verdicts, judged)) return
  const at = waiting.findIndex(([, what, value]) => what === 'part' && value.id === judged.id)
  if (at >= 0) {
    const [, , before] = waiting[at] as PartPoint
    if (judged.revision <= before.revision) return
    waiting.splice(at, 1)
  }
  if (until === null || t >= until) put(waiting, [t, 'part', judged])
  // When in its shift a part ended changes nothing.
  else if (tally !== null && t >= tally.start) addPart(tally.verdicts, judged)
  else state.late++
}

/** With the machine silent, time goes on without it. */
function ticked(state: OeeState, t: Micros, setting: Setting): readonly [OeeState, readonly Output[]] {
  const { options, rules } = setting
  const time = observeTick(state.time, t, rules)
  const same = time === state.time ? state : { ...state, time }
  const reach = reachOf(time, t, rules)
  if (reach === undefined || state.until === null || time.watermark === null) return [same, []]
  const isNews = state.machine !== null || state.waiting.length > 0
  const isDue = reach >= Math.min(state.tally?.end ?? reach, state.toldAt + options.everyMs * 1_000)
  if (!isNews && !isDue) return [same, []]
  const next = { ...state, time }
  const outputs: Output[] = []
  if (isNews) {
    takeIn(next, time.watermark, setting, outputs)
    next.machine = null
  }
  advance(next, reach, setting, outputs)
  return [next, outputs]
}

/** Takes in the samples up to `to` in their order, and the time between them. */
function takeIn(state: OeeState, to: Micros, setting: Setting, outputs: Output[]): void {
  while (state.waiting.length > 0 && state.waiting[0]![0] <= to) {
    const point = state.waiting.shift()!
    passTo(state, point[0], setting, outputs)
    apply(state, point, setting)
  }
  if (state.until !== null) passTo(state, to, setting, outputs)
}

/** The same, and gives out the running value when it is time. */
function advance(state: OeeState, to: Micros, setting: Setting, outputs: Output[]): void {
  takeIn(state, to, setting, outputs)
  if (state.until === null) return
  const { tally, toldAt } = state
  if (tally === null || state.until <= tally.start || state.until < toldAt + setting.options.everyMs * 1_000)
    return
  state.toldAt = state.until
  outputs.push(oeeSignal(tally, state.until, false, state, setting))
}

/** Moves time on in the machine's present state; a shift that ends on the way is given out. */
function passTo(state: OeeState, to: Micros, { calendar, options, asset }: Setting, outputs: Output[]): void {
  state.until ??= to
  const isRunning = (name: string) => options.runningStates.includes(name)
  while (state.until < to || state.tally === null) {
    const shift = calendar.shiftAt(state.until)
    if (state.tally?.start !== shift.start) state.tally = newTally(shift)
    const next = Math.min(Math.max(to, state.until), shift.end)
    addTime(state.tally, shift, state.until, next, state.machine, isRunning)
    state.until = next
    if (next < shift.end) return
    outputs.push(oeeSignal(state.tally, shift.end, true, state, { asset, options }))
    state.evidence = []
    state.toldAt = shift.end
    state.tally = newTally(calendar.shiftAt(shift.end))
  }
}

function apply(state: OeeState, point: Point, setting: Setting): void {
  const { tally } = state
  if (point[1] !== 'part') applySample(state, point, setting)
  else if (tally !== null && point[0] >= tally.start) addPart(tally.verdicts, point[2])
}

function applySample(state: OeeState, [t, what, value]: SamplePoint, { tags }: Setting): void {
  if (what === 'state') {
    state.machine = value === null ? null : String(value)
    return
  }
  if (typeof value !== 'number') return
  const before = state[what]
  state[what] = value
  const { tally } = state
  if (before === null || tally === null || t < tally.start) return
  tally[what] += increaseOf(before, value, tags[what]?.wrap)
}
