/**
 * The time of one asset, told by its data:
 *
 *   newest      newest source time of one source, as far as its clock is believed
 *   watermark   the least of these over the sources that talk: windows that end there are closed
 *   now         newest time of receipt or tick: what tells a source that is silent from one that is slow
 *   doubt       a source's time has left its own line: not believed before it has gone on so for a while
 *
 * Nothing here reads a clock: receipt is stamped on the record (Kafka's timestamp), ticks are in the input.
 */
import type { Micros, TelemetryRecord } from '../../model/index.ts'
import { type Doubt, settles, trusted } from './doubt.ts'

export type SourceTime = {
  source: string
  newest: Micros
  /** Receipt of its last record; where that is not known, the source time. */
  heard: Micros
  /** How far its time is ahead of its receipt; null where that is not known. */
  offset: Micros | null
  doubt: Doubt | null
}

/** `sources` is a list, because a name must not meet an object's own properties. */
export type EventTime = { watermark: Micros | null; now: Micros | null; sources: SourceTime[] }

export type TimeRules = {
  /** A source that was not heard of for so long does not hold the watermark back. */
  readonly idle: Micros
  /** A time that runs so far ahead of its receipt as it was before is doubted. */
  readonly jump: Micros
  /** A record whose samples are all so much older than the newest is doubted; beyond every lateness. */
  readonly back: Micros
}

/** What the samples of one record say: the newest up to the limit, and the newest beyond it (-Infinity: none). */
export type Observed = {
  readonly newest: Micros
  readonly ahead: Micros
  readonly receivedAt: Micros | undefined
}

/** `doubted` at its first record, `set` when it has lasted and is believed. `by` is signed: ahead is positive. */
export type ClockEvent = {
  readonly kind: 'doubted' | 'set'
  readonly source: string
  readonly by: Micros
  readonly t: Micros
}

/** Without receipt a pause cannot be told from a jump: only what no pause is likely to be is doubted. */
const longestPause: Micros = 86_400_000_000

export function newEventTime(): EventTime {
  return { watermark: null, now: null, sources: [] }
}

export function knownSource(time: EventTime, source: string): SourceTime | undefined {
  return time.sources.find(known => known.source === source)
}

/**
 * The newest source time that is believed of a source without further ado. What is no newer than its receipt always is: a
 * recording that is played, or a backlog that is delivered, runs faster than time does until it has caught up.
 */
export function limitOf(
  of: SourceTime | undefined,
  receivedAt: Micros | undefined,
  { jump }: TimeRules,
): Micros {
  if (of === undefined) return Number.POSITIVE_INFINITY
  if (receivedAt === undefined || of.offset === null) return of.newest + longestPause
  return Math.max(of.newest, receivedAt + Math.max(of.offset, 0)) + jump
}

/** For a processor that reads some tags: the record's time is told by all of its samples. */
export function seenIn({ t }: TelemetryRecord, limit: Micros, receivedAt: Micros | undefined): Observed {
  let newest = Number.NEGATIVE_INFINITY
  let ahead = Number.NEGATIVE_INFINITY
  for (const at of t) {
    if (!Number.isSafeInteger(at)) continue
    if (at > limit) ahead = Math.max(ahead, at)
    else newest = Math.max(newest, at)
  }
  return { newest, ahead, receivedAt }
}

/** Takes in what one record has said, and moves the watermark: never back, but where a source's clock was set back. */
export function observe(
  time: EventTime,
  source: string,
  seen: Observed,
  rules: TimeRules,
): ClockEvent | undefined {
  if (seen.newest === Number.NEGATIVE_INFINITY && seen.ahead === Number.NEGATIVE_INFINITY) return undefined
  const known = knownSource(time, source)
  if (known === undefined) {
    time.sources.push(newSource(source, seen))
    moveOn(time, seen.receivedAt ?? seen.newest, rules)
    return undefined
  }
  const event = believe(known, seen, rules)
  const setBack = event?.kind === 'set' && event.by < 0
  moveOn(time, known.heard, rules, setBack)
  return event
}

/**
 * Time goes on without a record: sources that are silent for too long let the others go. The same object where that
 * moves nothing, so that a tick leaves no trace.
 */
export function observeTick(time: EventTime, t: Micros, rules: TimeRules): EventTime {
  const moved = { ...time }
  moveOn(moved, t, rules)
  return moved.watermark === time.watermark ? time : moved
}

/**
 * Where the asset's own time would be at a tick had its sources gone on; undefined while one of them talks, or before
 * the first record.
 */
export function reachOf(time: EventTime, t: Micros, { idle }: TimeRules): Micros | undefined {
  const heard = lastHeard(time)
  if (heard === undefined || t - heard < idle || time.watermark === null) return undefined
  return time.watermark + (t - heard)
}

function lastHeard({ sources }: EventTime): Micros | undefined {
  return sources.length === 0 ? undefined : Math.max(...sources.map(({ heard }) => heard))
}

function newSource(source: string, { newest, receivedAt }: Observed): SourceTime {
  const offset = receivedAt === undefined ? null : newest - receivedAt
  return { source, newest, heard: receivedAt ?? newest, offset, doubt: null }
}

function believe(of: SourceTime, seen: Observed, rules: TimeRules): ClockEvent | undefined {
  const { newest, ahead, receivedAt } = seen
  const before = of.heard
  of.heard = Math.max(before, receivedAt ?? Math.max(newest, before))
  if (newest === Number.NEGATIVE_INFINITY) return doubt(of, ahead, 'ahead', receivedAt)
  if (of.newest - newest > rules.back) return doubt(of, newest, 'back', receivedAt)
  of.newest = Math.max(of.newest, newest)
  if (receivedAt !== undefined)
    of.offset = trusted(of.offset, newest - receivedAt, of.heard - before, rules.jump)
  // A single sample beyond the limit among others is a spike: told, and without effect on time.
  const spike = ahead > newest && of.doubt === null
  of.doubt = null
  return spike ? { kind: 'doubted', source: of.source, by: ahead - of.newest, t: ahead } : undefined
}

/** The first record in doubt, the one that settles it, and nothing in between are told. */
function doubt(
  of: SourceTime,
  t: Micros,
  toward: Doubt['toward'],
  receivedAt: Micros | undefined,
): ClockEvent | undefined {
  const { source } = of
  const heard = receivedAt ?? t
  const by = receivedAt === undefined || of.offset === null ? t - of.newest : t - receivedAt - of.offset
  if (of.doubt?.toward !== toward) {
    of.doubt = { toward, since: heard, from: t, records: 1 }
    return { kind: 'doubted', source, by, t }
  }
  of.doubt.records++
  if (!settles(of.doubt, t, heard)) return undefined
  of.doubt = null
  of.newest = t
  of.offset = receivedAt === undefined ? null : t - receivedAt
  return { kind: 'set', source, by, t }
}

function moveOn(time: EventTime, now: Micros, { idle }: TimeRules, setBack = false): void {
  time.now = Math.max(time.now ?? now, now)
  let least = Number.POSITIVE_INFINITY
  for (const { newest, heard } of time.sources) {
    if (heard + idle >= time.now && newest < least) least = newest
  }
  if (least === Number.POSITIVE_INFINITY) return
  if (setBack || time.watermark === null || least > time.watermark) time.watermark = least
}
