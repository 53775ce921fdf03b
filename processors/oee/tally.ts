import type { Micros } from '../../model/index.ts'
import type { PlannedShift } from './calendar.ts'

/** What a shift has come to. */
export type Tally = {
  name: string
  start: Micros
  end: Micros
  running: Micros
  /** Planned time in which the machine's state was not known. */
  unknown: Micros
  /** Planned time in other states, by name. A list, because a name must not meet an object's own properties. */
  stopped: [state: string, held: Micros][]
  total: number
  /** Good parts, or bad ones: whatever is counted. */
  counted: number
}

export function newTally({ name, start, end }: PlannedShift): Tally {
  return { name, start, end, running: 0, unknown: 0, stopped: [], total: 0, counted: 0 }
}

/** Adds the planned part of [from, to), in which the machine was in one state; null: not known. */
export function addTime(
  tally: Tally,
  { planned }: PlannedShift,
  from: Micros,
  to: Micros,
  state: string | null,
  isRunning: (state: string) => boolean,
): void {
  const held = planned.reduce(
    (sum, stretch) => sum + Math.max(0, Math.min(to, stretch.to) - Math.max(from, stretch.from)),
    0,
  )
  if (held === 0) return
  if (state === null) tally.unknown += held
  else if (isRunning(state)) tally.running += held
  else addStop(tally, state, held)
}

const mostStops = 50

function addStop({ stopped }: Tally, state: string, held: Micros): void {
  const known =
    stopped.find(([name]) => name === state) ?? (stopped.length < mostStops ? undefined : stopped.at(-1))
  if (known) known[1] += held
  else stopped.push([state, held])
}

/** The three factors and their product, 0 to 1; null where nobody can tell. */
export type Effect = {
  readonly availability: number | null
  readonly performance: number | null
  readonly quality: number | null
  readonly oee: number | null
  readonly good: number
}

/**
 * OEE after ISO 22400-2: availability = running / planned time, performance = ideal cycle time x parts / running, quality =
 * good / parts. Time in which the state was not known is in none of them.
 */
export function effectOf(tally: Tally, idealCycle: Micros, counts: 'good' | 'scrap'): Effect {
  const { running, total, counted } = tally
  const known = running + stoppedTime(tally)
  const good = counts === 'good' ? Math.min(counted, total) : Math.max(0, total - counted)
  const availability = known > 0 ? running / known : null
  const performance = running > 0 ? (idealCycle * total) / running : null
  const quality = total > 0 ? good / total : null
  return { availability, performance, quality, oee: known > 0 ? (idealCycle * good) / known : null, good }
}

export function stoppedTime({ stopped }: Tally): Micros {
  return stopped.reduce((sum, [, held]) => sum + held, 0)
}
