import type { LedgerEntry } from '../model/index.ts'
import type { Loss, Losses, SourceStatus } from './status.ts'

/** What is lost of a source, by cause; entries of an older version have a number or "unknown", never both. */
function lossesBySource({ lost, lostKnown, lostUnknown }: LedgerEntry): Loss[] {
  const { superseded: _, ...really } = lost
  const causes = Object.entries(lostKnown ?? really) as [string, number | 'unknown'][]
  const unknown =
    lostUnknown ?? Object.entries(lost).flatMap(([cause, count]) => (count === 'unknown' ? [cause] : []))
  return causes
    .map(([cause, count]) => ({
      cause,
      samples: count === 'unknown' ? 0 : count,
      andMore: unknown.includes(cause),
    }))
    .filter(({ samples, andMore }) => samples > 0 || andMore)
}

/** @param all the entries of every server that has read the source, the owner's among them */
export function sourceStatus(owner: LedgerEntry, all: readonly LedgerEntry[]): SourceStatus {
  const { source, connector, epoch, seq, position, clock, bufferedBytes = 0, bufferBytes = 0 } = owner
  const sum = (of: (entry: LedgerEntry) => number) => all.reduce((total, entry) => total + of(entry), 0)
  const isKnown = all.every(({ expected = 'unknown' }) => expected !== 'unknown')
  return {
    source,
    connector,
    expected: isKnown ? sum(({ expected }) => Number(expected)) : null,
    received: sum(({ received }) => received),
    bad: sum(({ bad }) => bad),
    lost: added(all.flatMap(lossesBySource)),
    dropped: sum(({ dropped }) => (dropped?.telemetry ?? 0) + (dropped?.waveform ?? 0)),
    buffered: sum(({ buffered }) => buffered),
    bufferUsed: bufferBytes > 0 ? Math.round((bufferedBytes / bufferBytes) * 1000) / 1000 : 0,
    epoch,
    seq,
    position,
    ...(clock && { clock }),
  }
}

/** One loss a cause. */
function added(losses: readonly Loss[]): Loss[] {
  return [...Map.groupBy(losses, ({ cause }) => cause)].map(([cause, of]) => ({
    cause,
    samples: of.reduce((sum, { samples }) => sum + samples, 0),
    andMore: of.some(({ andMore }) => andMore),
  }))
}

/** All sources together. */
export function lossesOf(entries: readonly LedgerEntry[]): Losses {
  const losses: Losses = { queueOverflow: 0, outage: 0, bufferFull: 0, total: 0, unknownFrom: [] }
  const unknown = new Set<string>()
  for (const entry of entries) {
    const own = lossesBySource(entry)
    for (const { cause, samples } of own) {
      losses.total += samples
      if (cause === 'queueOverflow' || cause === 'outage' || cause === 'bufferFull') losses[cause] += samples
    }
    if (own.some(({ andMore }) => andMore)) unknown.add(entry.source)
  }
  return { ...losses, unknownFrom: [...unknown] }
}
