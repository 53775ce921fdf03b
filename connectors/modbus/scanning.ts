import { setTimeout as sleep } from 'node:timers/promises'
import { orAbort } from '../../model/index.ts'
import type { Emit, Report } from '../contract.ts'
import type { Client } from './client.ts'
import type { Options } from './options.ts'
import type { Point } from './points.ts'
import { BlockReader } from './reader.ts'
import { Sampler } from './sampler.ts'
import { dueBetween, Schedule } from './schedule.ts'

export type Session = {
  readonly client: Client
  readonly points: readonly Point[]
  readonly options: Options
  readonly report: Report
  /** What was stored with the last scan, by an earlier session. */
  readonly resume?: string
}

/** When each class, by its scanMs, was last scanned: milliseconds since 1970. Stored with the samples of the scan. */
type LastScans = Record<string, number>

/**
 * Scans every class (the points of one scanMs) until aborted, then resolves; one scan is one emit. Rejects when the
 * session is lost, or with what emit rejected with. A scan that a slow device or a slow emit lets no time for is counted.
 */
export async function runScans(session: Session, emit: Emit, signal: AbortSignal): Promise<void> {
  const { client, points, options, report } = session
  const classes = Map.groupBy(points, ({ scanMs }) => scanMs)
  if (classes.size === 0) return await untilLost(client, signal)
  const readers = new Map(
    Array.from(classes, ([scanMs, members]) => [
      scanMs,
      new BlockReader(
        members.map(({ range }) => range),
        options,
      ),
    ]),
  )
  const lastScans = lastScansOf(session.resume)
  const sampler = new Sampler(report)
  const schedule = new Schedule([...classes.keys()], performance.now())
  const stop = AbortSignal.any([signal, client.lost])
  reportOutage(report, classes, lastScans)
  try {
    for (;;) {
      const due = schedule.next()
      const members = classes.get(due.scanMs)!
      await sleep(Math.max(0, due.nextMs - performance.now()), undefined, { signal: stop })
      const answers = await orAbort(readers.get(due.scanMs)!.read(client), stop)
      lastScans[due.scanMs] = Date.now()
      report.expected(members.length)
      await emit(sampler.samples(members, answers), JSON.stringify(lastScans))
      const missed = schedule.scanned(due, performance.now()) * members.length
      if (missed > 0) lose(report, 'missedScan', missed)
    }
  } catch (thrown) {
    // After the stop every wait rejects; what emit rejects with stands before it.
    if (!stop.aborted || !isEndOf(stop, thrown)) throw thrown
    if (!signal.aborted) throw client.lost.reason
  }
}

function isEndOf(stop: AbortSignal, thrown: unknown): boolean {
  return thrown === stop.reason || (thrown instanceof Error && thrown.name === 'AbortError')
}

async function untilLost(client: Client, signal: AbortSignal): Promise<void> {
  const ended = AbortSignal.any([signal, client.lost])
  await orAbort(new Promise<never>(() => {}), ended).catch(() => {})
  if (!signal.aborted) throw client.lost.reason
}

/** Between the last scan of an earlier session and now, readings were due that nobody made. */
function reportOutage(
  report: Report,
  classes: ReadonlyMap<number, readonly Point[]>,
  lastScans: LastScans,
): void {
  const now = Date.now()
  let missed = 0
  for (const [scanMs, points] of classes) {
    const lastMs = lastScans[scanMs]
    if (lastMs !== undefined) missed += dueBetween(lastMs, now, scanMs) * points.length
  }
  if (missed > 0) lose(report, 'outage', missed)
}

function lose(report: Report, cause: 'missedScan' | 'outage', samples: number): void {
  report.expected(samples)
  report.lost(undefined, cause, samples)
}

/** A text that another version has left counts for nothing. */
function lastScansOf(resume: string | undefined): LastScans {
  try {
    const parsed: unknown = JSON.parse(resume ?? '{}')
    const entries = Object.entries(parsed ?? {}).filter(([, lastMs]) => Number.isSafeInteger(lastMs))
    return Object.fromEntries(entries) as LastScans
  } catch {
    return {}
  }
}
