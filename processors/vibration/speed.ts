import type { Micros } from '../../model/index.ts'

/** A shaft speed as told by a tag, or why it is not known. Times ascend. */
export type SpeedReading = { readonly t: Micros; readonly rpm: number | string }

/** The speed over a block. */
export type Speed = {
  /** Mean over the block. */
  readonly rpm: number
  /** (largest - smallest) / mean. */
  readonly change: number
  /** What was told of it; the first is at or before the start, where there was one. */
  readonly readings: readonly { readonly t: Micros; readonly rpm: number }[]
}

/** A speed that is told at changes only holds until so long before the next one. */
const rampMicros = 1_000_000
const mostReadings = 256

/**
 * Adds readings that are newer, and lets go of what no block can need: those older than `keepMicros` before the newest, and
 * of readings that come thick and fast all but a few hundred, evenly.
 */
export function withReadings(
  known: SpeedReading[],
  more: readonly SpeedReading[],
  keepMicros: Micros,
): SpeedReading[] {
  const all = [...known]
  for (const reading of more) {
    const last = all.at(-1)
    const apart = reading.t - (last?.t ?? Number.NEGATIVE_INFINITY)
    const turnsKnown = typeof reading.rpm !== typeof last?.rpm
    if (apart >= keepMicros / mostReadings || (apart > 0 && turnsKnown)) all.push(reading)
  }
  const newest = all.at(-1)?.t ?? 0
  const needed = all.findLastIndex(({ t }) => t <= newest - keepMicros)
  return all.slice(Math.max(0, needed, all.length - 2 * mostReadings))
}

/** The speed from one time to another, or why it is not known. */
export function speedBetween(
  readings: readonly SpeedReading[],
  from: Micros,
  to: Micros,
  tagName: string,
): Speed | string {
  if (readings.length === 0) return `${tagName} has told no speed yet`
  const first = Math.max(
    0,
    readings.findLastIndex(({ t }) => t <= from),
  )
  const told = readings.slice(first).filter(({ t }, i) => i === 0 || t <= to)
  if (told[0]!.t > to) return `${tagName} had told no speed when the block was taken`
  const known: { t: Micros; rpm: number }[] = []
  for (const { t, rpm } of told) {
    if (typeof rpm === 'string') return rpm
    known.push({ t, rpm: Math.abs(rpm) })
  }
  const values = known.map(({ rpm }) => rpm)
  const rpm = meanOf(known, from, to)
  return { rpm, change: rpm === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / rpm, readings: known }
}

const meanSteps = 64

function meanOf(readings: Speed['readings'], from: Micros, to: Micros): number {
  if (readings.length === 1) return readings[0]!.rpm
  let sum = 0
  for (let i = 0; i < meanSteps; i++) sum += rpmAt(readings, from + ((to - from) * (i + 0.5)) / meanSteps)
  return sum / meanSteps
}

/** The speed at a time: on the line between two readings, of which the first holds where they are far apart. */
export function rpmAt(readings: Speed['readings'], t: Micros): number {
  const after = readings.findIndex(reading => reading.t > t)
  if (after < 0) return readings.at(-1)!.rpm
  if (after === 0) return readings[0]!.rpm
  const a = readings[after - 1]!
  const b = readings[after]!
  const start = Math.max(a.t, b.t - rampMicros)
  return t <= start ? a.rpm : a.rpm + ((b.rpm - a.rpm) * (t - start)) / (b.t - start)
}
