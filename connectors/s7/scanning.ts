import { setTimeout as sleep } from 'node:timers/promises'
import { aborted, orAbort, type Sample } from '../../model/index.ts'
import type { Emit, Report } from '../contract.ts'
import { BlockReader } from './blocks.ts'
import type { Client } from './client.ts'
import { watchClock } from './clock-offset.ts'
import { layOut } from './layout.ts'
import type { Options } from './options.ts'
import { Outbox } from './outbox.ts'
import { maxBlockBytes } from './plan.ts'
import type { Point } from './points.ts'
import type { Advance, Progress } from './progress.ts'
import { Sampler } from './sampler.ts'
import { scan } from './scan.ts'
import { Schedule } from './schedule.ts'

export type Session = {
  readonly client: Client
  readonly points: readonly Point[]
  readonly progress: Progress
  readonly options: Options
  readonly report: Report
}

type Batch = Advance & { readonly samples: readonly Sample[] }

/**
 * Scans every class (the points of one scanMs) until aborted, then resolves. Rejects when the session is lost, when
 * the device permits no reading, or with what emit rejected with. What has been read by then is still emitted.
 */
export async function runScans(session: Session, emit: Emit, signal: AbortSignal): Promise<void> {
  const { client, points } = session
  const failure = new AbortController()
  const stop = AbortSignal.any([signal, failure.signal, client.lost])
  const outbox = outboxOf(session, emit, failure)
  const startMs = performance.now()
  const classes = Map.groupBy(points, ({ scanMs }) => scanMs)
  const scans = Array.from(classes.values(), members =>
    scanClass(session, members, outbox, startMs, stop).catch(error => {
      // After the stop every wait rejects with its reason, which is told below.
      if (!stop.aborted) failure.abort(error)
    }),
  )
  const watching = watchClock(client, session.options, session.report, stop).catch(error => {
    if (!stop.aborted) failure.abort(error)
  })
  await Promise.all([...scans, watching, aborted(stop)])
  await outbox.settled()
  if (failure.signal.aborted) throw failure.signal.reason
  if (!signal.aborted) throw client.lost.reason
}

/** Samples are expected when they are emitted, so that the ledger's sums agree in every moment that it is stored in. */
function outboxOf({ progress, report }: Session, emit: Emit, failure: AbortController): Outbox<Batch> {
  const send = async (batches: readonly Batch[]) => {
    for (const batch of batches) progress.advance(batch)
    const samples = batches.flatMap(batch => batch.samples)
    report.expected(samples.length)
    await emit(samples, progress.text)
  }
  return new Outbox(send, (error, dropped) => {
    const count = dropped.reduce((sum, { samples }) => sum + samples.length, 0)
    report.expected(count)
    if (count > 0) report.lost(undefined, 'outage', count)
    failure.abort(error)
  })
}

async function scanClass(
  { client, progress, options, report }: Session,
  points: readonly Point[],
  outbox: Outbox<Batch>,
  startMs: number,
  stop: AbortSignal,
): Promise<void> {
  const { scanMs } = points[0]!
  const layout = layOut(points, Math.min(options.consistentBytes, maxBlockBytes(client.pduLength)))
  const limits = { pduLength: client.pduLength, gapBytes: options.gapBytes }
  const ranges = new BlockReader(layout.ranges, limits, options.endpoint)
  const stamps = new BlockReader(layout.bracket, limits, options.endpoint)
  const sampler = new Sampler(points, layout, report, point => progress.stepOf(point))
  const schedule = new Schedule(points, report, startMs)
  const alwaysNew = points.some(({ onChange }) => onChange === 'never')
  try {
    for (let isFirst = true; ; isFirst = false) {
      await sleep(schedule.waitMs(performance.now()), undefined, { signal: stop })
      const scanned = await orAbort(scan(client, ranges, stamps), stop)
      const { samples, steps } = sampler.samples(scanned)
      const at = scanned.outcomes[0]!.at
      if (isFirst) schedule.resumed(progress, at)
      const advance = { steps, ...(alwaysNew && { scan: { scanMs, at } }) }
      if (samples.length > 0) await orAbort(outbox.put({ samples, ...advance }), stop)
      schedule.scanned(performance.now())
    }
  } finally {
    schedule.tell(performance.now())
  }
}
