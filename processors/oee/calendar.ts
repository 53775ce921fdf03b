import type { Micros } from '../../model/index.ts'
import { type Shift, weekdays } from './options.ts'

export type Stretch = { from: Micros; to: Micros }
/** One shift on one day. */
export type PlannedShift = {
  readonly name: string
  readonly start: Micros
  readonly end: Micros
  readonly planned: readonly Stretch[]
}

export interface Calendar {
  /** The shift in which `t` is, else the next one. */
  shiftAt(t: Micros): PlannedShift
}

const dayMs = 86_400_000
/** Every shift is on at least one day of a week. */
const lookAhead = 8

/**
 * Shifts in local time as instants, by the zone's rules on that day: a night shift is seven hours long when clocks go
 * forward, and nine when they go back. A local time that does not exist is taken as if clocks had not been moved yet; one
 * that is there twice is the first.
 * @throws RangeError on a zone that is not known
 */
export function calendarOf(timeZone: string, shifts: readonly Shift[]): Calendar {
  const offsetAt = offsetsOf(timeZone)
  const days = new Map<number, PlannedShift[]>()
  const instant = (day: number, clock: string): Micros =>
    toInstant(day * dayMs + clockMs(clock), offsetAt) * 1_000
  const startingOn = (day: number): PlannedShift[] => {
    const known = days.get(day)
    if (known) return known
    // The epoch was a Thursday.
    const weekday = weekdays[(((day + 3) % 7) + 7) % 7]!
    const made = shifts
      .filter(({ days }) => days.includes(weekday))
      .map(shift => plannedOn(day, shift, instant))
    if (days.size > 1_000) days.clear()
    days.set(day, made)
    return made
  }
  return {
    shiftAt(t) {
      const today = Math.floor((t / 1_000 + offsetAt(t / 1_000)) / dayMs)
      for (let day = today - 1; day <= today + lookAhead; day++) {
        const next = startingOn(day)
          .filter(({ end }) => end > t)
          .sort((a, b) => a.start - b.start)[0]
        if (next) return next
      }
      throw new RangeError(`no shift within ${lookAhead} days`)
    },
  }
}

type Instant = (day: number, clock: string) => Micros

function plannedOn(day: number, { name, from, to, breaks }: Shift, instant: Instant): PlannedShift {
  const start = instant(day, from)
  const nextDay = (clock: string) => (clockMs(clock) <= clockMs(from) ? day + 1 : day)
  const end = instant(nextDay(to), to)
  let planned: Stretch[] = [{ from: start, to: end }]
  for (const pause of breaks) {
    const begins = clockMs(pause.from) < clockMs(from) ? day + 1 : day
    const ends = clockMs(pause.to) <= clockMs(pause.from) ? begins + 1 : begins
    planned = without(planned, { from: instant(begins, pause.from), to: instant(ends, pause.to) })
  }
  return { name, start, end, planned }
}

function without(stretches: readonly Stretch[], cut: Stretch): Stretch[] {
  return stretches
    .flatMap(({ from, to }) => [
      { from, to: Math.min(to, cut.from) },
      { from: Math.max(from, cut.to), to },
    ])
    .filter(({ from, to }) => from < to)
}

function clockMs(clock: string): number {
  return (Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))) * 60_000
}

/** Local time is UTC plus offset. Of the two offsets about a change, the one before it is tried first. */
function toInstant(local: number, offsetAt: (ms: number) => number): number {
  const before = local - offsetAt(local - dayMs)
  if (before + offsetAt(before) === local) return before
  const after = local - offsetAt(local + dayMs)
  return after + offsetAt(after) === local ? after : before
}

/** The zone's offset from UTC at an instant, ms. */
function offsetsOf(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return ms => {
    const whole = Math.floor(ms / 1_000) * 1_000
    const part = Object.fromEntries(
      format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]),
    )
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole
  }
}
