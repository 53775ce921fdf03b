import type { Micros } from '../../model/index.ts'
import type { PlannedShift } from './calendar.ts'
import type { OeeOptions } from './options.ts'
import { newVerdicts, type Verdicts } from './verdicts.ts'

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
  verdicts: Verdicts
}

export function newTally({ name, start, end }: PlannedShift): Tally {
  const none = { running: 0, unknown: 0, total: 0, counted: 0 }
  return { name, start, end, ...none, stopped: [], verdicts: newVerdicts() }
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

/** The parts of a shift. Those of which nobody can tell whether they are good are not among the good ones. */
export type Made = { readonly total: number; readonly good: number; readonly notJudged: number }

/** By whatever is declared to count them. */
export function madeIn(tally: Tally, { totalTag, goodTag, parts }: OeeOptions): Made {
  const { total, counted } = tally
  if (parts === undefined) {
    const good = goodTag === undefined ? Math.max(0, total - counted) : Math.min(counted, total)
    return { total, good, notJudged: 0 }
  }
  const { ok, notGood, notJudged } = tally.verdicts
  if (totalTag === undefined) return { total: ok + notGood + notJudged, good: ok, notJudged }
  return { total, good: Math.min(ok, total), notJudged: Math.max(0, total - ok - notGood) }
}

/** The three factors and their product, 0 to 1; null where nobody can tell. */
export type Effect = Made & {
  readonly availability: number | null
  readonly performance: number | null
  readonly quality: number | null
  readonly oee: number | null
  /** Were all parts good that could not be judged. */
  readonly atMost: number | null
}

/**
 * OEE after ISO 22400-2: availability = running / planned time, performance = ideal cycle time x parts / running, quality =
 * good / parts. Time in which the state was not known is in none of them; parts that could not be judged are in quality as
 * not good, as long as others could.
 */
export function effectOf(tally: Tally, idealCycle: Micros, made: Made): Effect {
  const { running } = tally
  const { total, good, notJudged } = made
  const known = running + stoppedTime(tally)
  const of = (parts: number) => (known > 0 ? (idealCycle * parts) / known : null)
  const isJudged = notJudged === 0 || notJudged < total
  return {
    ...made,
    availability: known > 0 ? running / known : null,
    performance: running > 0 ? (idealCycle * total) / running : null,
    quality: total > 0 && isJudged ? good / total : null,
    oee: isJudged ? of(good) : null,
    atMost: of(good + notJudged),
  }
}

export function stoppedTime({ stopped }: Tally): Micros {
  return stopped.reduce((sum, [, held]) => sum + held, 0)
}
