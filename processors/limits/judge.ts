import type { Evidence, Micros, Signal, Tag } from '../../model/index.ts'
import { numberOf, type Reading } from '../readings.ts'
import type { Bounds, LimitsOptions } from './options.ts'

export type LimitsState = {
  /** As last given out; null before the first sample. */
  verdict: Signal['verdict'] | null
  /** Where the value stands since it was last readable: what hysteresis holds on to. */
  level: 'normal' | 'warning' | 'alarm'
  /** Since when, without a break, the value has been beyond the limits. */
  warningSince: Micros | null
  alarmSince: Micros | null
  /** Newest source time seen; older samples change nothing. */
  t: Micros | null
  givenOutAt: Micros
  /** The records since the value has been beyond a limit, else the last one. */
  evidence: Evidence[]
}

export type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason'> & {
  readonly limits?: NonNullable<Signal['limits']>
}

/** Moves the state on by one reading. A break in what is known starts delay and hysteresis anew. */
export function judge(state: LimitsState, reading: Reading, tag: Tag, options: LimitsOptions): Judgement {
  const value = numberOf(reading, tag)
  if (typeof value === 'string') {
    Object.assign(state, { level: 'normal', warningSince: null, alarmSince: null })
    return { verdict: 'not-known', value: null, reason: value }
  }
  const { hysteresis } = options
  const inAlarm = beyond(value, options.alarm, state.level === 'alarm' ? hysteresis : 0)
  const inWarning = inAlarm || beyond(value, options.warning, state.level === 'normal' ? 0 : hysteresis)
  state.alarmSince = inAlarm ? (state.alarmSince ?? reading.t) : null
  state.warningSince = inWarning ? (state.warningSince ?? reading.t) : null
  state.level = levelAt(state, reading.t - options.delayMs * 1_000)
  const side = sideOf(value, options)
  return {
    verdict: state.level,
    value,
    limits: limitsOn(side, options),
    reason: reasonOf(state, reading.t, value, side, tag, options),
  }
}

export function beyond(value: number, limit: Bounds | undefined, hysteresis: number): boolean {
  if (limit === undefined) return false
  const { above = Number.POSITIVE_INFINITY, below = Number.NEGATIVE_INFINITY } = limit
  return value > above - hysteresis || value < below + hysteresis
}

function levelAt({ alarmSince, warningSince }: LimitsState, latest: Micros): LimitsState['level'] {
  if (alarmSince !== null && alarmSince <= latest) return 'alarm'
  return warningSince !== null && warningSince <= latest ? 'warning' : 'normal'
}

type Side = 'above' | 'below'

/** The side on which the value has left its limits, or is nearer to leaving them. */
function sideOf(value: number, { warning, alarm }: LimitsOptions): Side {
  const above = warning?.above ?? alarm?.above
  const below = warning?.below ?? alarm?.below
  if (above === undefined) return 'below'
  return below !== undefined && value - below < above - value ? 'below' : 'above'
}

function limitsOn(side: Side, options: LimitsOptions): NonNullable<Signal['limits']> {
  const warning = options.warning?.[side]
  const alarm = options.alarm?.[side]
  return { ...(warning !== undefined && { warning }), ...(alarm !== undefined && { alarm }) }
}

function reasonOf(
  state: LimitsState,
  t: Micros,
  value: number,
  side: Side,
  tag: Tag,
  options: LimitsOptions,
): string {
  const now = `${tag.name} is ${withUnit(value, tag)}`
  if (state.level === 'normal') {
    const since = state.alarmSince ?? state.warningSince
    if (since === null) return `${now}, within its limits`
    return `${now}, beyond a limit for ${seconds(t - since)}; it counts from ${seconds(options.delayMs * 1_000)} on`
  }
  const since = (state.level === 'alarm' ? state.alarmSince : state.warningSince)!
  const held = t > since ? ` for ${seconds(t - since)}` : ''
  const limit = options[state.level]?.[side] ?? options.alarm?.[side]
  if (limit === undefined) return `${now}, beyond its ${state.level} limit${held}`
  const outside = side === 'above' ? value > limit : value < limit
  const limitText = `its ${state.level} limit of ${withUnit(limit, tag)}`
  return outside ? `${now}, ${side} ${limitText}${held}` : `${now}, not yet clear of ${limitText}${held}`
}

function withUnit(value: number, { unit }: Tag): string {
  const text = String(Number(value.toPrecision(6)))
  return unit === undefined ? text : `${text} ${unit}`
}

function seconds(micros: Micros): string {
  return `${Number((micros / 1e6).toPrecision(3))} s`
}
