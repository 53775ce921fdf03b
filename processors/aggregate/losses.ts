import type { Micros, Output, Signal, TelemetryRecord } from '../../model/index.ts'
import { timeText } from './clock.ts'

/** What could not be aggregated since the asset's first record, in samples. */
export type Losses = {
  /** Came after the 1 s, 1 min, 1 h window was let go. */
  late: [number, number, number]
  /** Had no tag, time, value or status that can be read. */
  unreadable: number
  /** Were stamped more than a day ahead of their source's clock. */
  ahead: number
  /** Their sum when it was last told, and the source time of that. */
  told: number
  toldAt: Micros
  verdict: 'normal' | 'warning'
}

const everyMicros = 60_000_000

export function noLosses(): Losses {
  return { late: [0, 0, 0], unreadable: 0, ahead: 0, told: 0, toldAt: 0, verdict: 'normal' }
}

/**
 * The signal `not-aggregated`, when there is something new to tell: at a first loss, then once a minute of source time,
 * and at ten times the number told, because losses of a source whose clock is wrong do not move its time. A minute
 * without a loss makes it normal.
 */
export function lossSignal(
  losses: Losses,
  asset: string,
  record: TelemetryRecord,
  watermark: Micros | null,
): Output[] {
  const lost = losses.late[0] + losses.unreadable + losses.ahead
  const t = watermark ?? 0
  const minuteOver = t >= losses.toldAt + everyMicros
  if (lost > losses.told) {
    if (losses.verdict === 'warning' && !minuteOver && lost < 10 * losses.told) return []
    losses.verdict = 'warning'
  } else {
    if (losses.verdict === 'normal' || !minuteOver) return []
    losses.verdict = 'normal'
  }
  losses.told = lost
  losses.toldAt = t
  return [{ topic: 'signals', t, value: signalOf(losses, asset, record, watermark) }]
}

function signalOf(
  losses: Losses,
  asset: string,
  { source, epoch, seq }: TelemetryRecord,
  watermark: Micros | null,
): Signal {
  const [late1s, late1m, late1h] = losses.late
  return {
    v: 1,
    asset,
    signal: 'not-aggregated',
    processor: 'aggregate',
    t: watermark ?? 0,
    value: losses.told,
    unit: 'samples',
    verdict: losses.verdict,
    reason: reasonOf(losses, watermark),
    details: { late1s, late1m, late1h, unreadable: losses.unreadable, ahead: losses.ahead },
    evidence: [{ source, epoch, from: seq, to: seq }],
  }
}

function reasonOf(
  { late: [late1s, late1m, late1h], unreadable, ahead, verdict }: Losses,
  watermark: Micros | null,
): string {
  if (verdict === 'normal')
    return `For a minute every sample was aggregated; ${late1s + unreadable + ahead} were not before`
  const parts = []
  if (late1s > 0)
    parts.push(
      `${late1s} samples came too late for their 1 s aggregate, ${late1m} for the 1 min and ${late1h} for the 1 h one; the newest source time is ${timeText(watermark)}: if that is not now, check the clock of the source`,
    )
  if (unreadable > 0) parts.push(`${unreadable} samples had no tag, time, value or status that can be read`)
  if (ahead > 0) parts.push(`${ahead} samples were stamped more than a day ahead of their source's clock`)
  return parts.join('; ')
}
