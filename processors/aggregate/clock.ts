import type { Evidence, Micros, Output, Signal, TelemetryRecord } from '../../model/index.ts'
import type { EventTime } from '../event-time/index.ts'
import { type ClockEvent, knownSource } from '../event-time/index.ts'

/** What was last told of the clocks of an asset's sources. */
export type Clock = { verdict: 'normal' | 'warning'; toldAt: Micros; jumps: number }

/** Without anything to tell for so long, the clocks are called normal again. */
const quietMicros = 600_000_000
/** A clock ahead of receipt by more than this is wrong: no delay explains it. */
const aheadMicros = 60_000_000
const everyMicros = 60_000_000

export function newClock(): Clock {
  return { verdict: 'normal', toldAt: 0, jumps: 0 }
}

/** The signal `clock`, when a source's time has jumped, when it is ahead of its receipt, and when that is over. */
export function clockSignal(
  clock: Clock,
  asset: string,
  time: EventTime,
  record: TelemetryRecord,
  event: ClockEvent | undefined,
): Output[] {
  const { now } = time
  if (now === null) return []
  const { source, epoch, seq } = record
  const offset = knownSource(time, source)?.offset ?? null
  const ahead = offset !== null && offset > aheadMicros
  if (event !== undefined) clock.jumps++
  const reason = event ? jumpText(event) : ahead ? aheadText(source, offset) : undefined
  if (reason === undefined && (clock.verdict === 'normal' || now < clock.toldAt + quietMicros)) return []
  // What lasts is told once a minute; that a new time is taken, at once.
  if (event?.kind !== 'set' && clock.verdict === 'warning' && now < clock.toldAt + everyMicros) return []
  clock.verdict = reason === undefined ? 'normal' : 'warning'
  clock.toldAt = now
  const evidence = [{ source, epoch, from: seq, to: seq }]
  return [signalOf(clock, asset, time, { event, offset, evidence, reason })]
}

type Told = {
  readonly event: ClockEvent | undefined
  readonly offset: Micros | null
  readonly evidence: Evidence[]
  readonly reason: string | undefined
}

function signalOf(clock: Clock, asset: string, time: EventTime, told: Told): Output {
  const { event, offset, evidence, reason = 'For ten minutes no clock of a source has jumped' } = told
  const t = time.watermark ?? 0
  const value: Signal = {
    v: 1,
    asset,
    signal: 'clock',
    processor: 'aggregate',
    t,
    value: (event?.by ?? offset ?? 0) / 1_000,
    unit: 'ms',
    verdict: clock.verdict,
    reason,
    details: { offsetMs: offset === null ? null : offset / 1_000, jumps: clock.jumps },
    evidence,
  }
  return { topic: 'signals', t, value }
}

function jumpText({ kind, source, by, t }: ClockEvent): string {
  const way = by > 0 ? 'ahead' : 'back'
  const jump = `The time of source ${source} is ${lengthText(by)} ${way} of what it was, at ${timeText(t)}`
  if (kind === 'set') {
    return by > 0
      ? `${jump}; that has lasted and is taken as the time: its clock was set`
      : `${jump}; that has lasted and is taken as the time: its clock was set back, and windows it gives a second time replace the first ones`
  }
  return by > 0
    ? `${jump}; windows wait until it lasts`
    : `${jump}; it is late data, or its clock was set back: that shows when it lasts`
}

function aheadText(source: string, offset: Micros): string {
  return `The clock of source ${source} is ${lengthText(offset)} ahead of the time at which its samples arrive`
}

function lengthText(micros: Micros): string {
  const seconds = Math.abs(micros) / 1e6
  const [size, unit] = [[86_400, 'd'] as const, [3_600, 'h'] as const, [60, 'min'] as const].find(
    ([size]) => seconds >= 2 * size,
  ) ?? [1, 's']
  return `${Number((seconds / size).toPrecision(3))} ${unit}`
}

/** ISO 8601 where the time is within a Date's range. */
export function timeText(t: Micros | null): string {
  const date = new Date((t ?? 0) / 1_000)
  return Number.isNaN(date.getTime()) ? `${t} µs` : date.toISOString()
}
