import type { LedgerEntry } from '../model/index.ts'
import type { DroppedRange } from './buffer/dropped.ts'
import type { LossCause } from './contract.ts'

type Cause = LossCause | 'bufferFull'
const causes: readonly Cause[] = ['queueOverflow', 'revisedInterval', 'missedScan', 'outage', 'bufferFull']

/** Counts of samples. A cause among the `unknown` ones has lost its number and an unknown number more. */
export type Counts = {
  readonly expected: number | 'unknown'
  readonly received: number
  readonly bad: number
  readonly lost: Readonly<Record<Cause, number>>
  readonly unknown: readonly Cause[]
  /** Of what was received: read by two servers while one had lost touch with the others, and kept once. */
  readonly superseded: number
}

const none: Counts = {
  expected: 'unknown',
  received: 0,
  bad: 0,
  lost: { queueOverflow: 0, revisedInterval: 0, missedScan: 0, outage: 0, unusable: 0, bufferFull: 0 },
  unknown: [],
  superseded: 0,
}

/** As they were stored; an older version wrote "unknown" in place of a number. */
export function countsFrom(stored: string | undefined): Counts {
  if (stored === undefined) return none
  const { lost = {}, unknown = [], ...rest } = JSON.parse(stored) as Partial<Counts>
  const entries = Object.entries(lost) as [Cause, number | 'unknown'][]
  const known = entries.filter((entry): entry is [Cause, number] => entry[1] !== 'unknown')
  const lostCount = entries.filter(([, count]) => count === 'unknown').map(([cause]) => cause)
  return {
    ...none,
    ...rest,
    lost: { ...none.lost, ...Object.fromEntries(known) },
    unknown: [...new Set([...unknown, ...lostCount])],
  }
}

export function withLoss(counts: Counts, cause: Cause, count: number | 'unknown'): Counts {
  if (count === 'unknown') {
    return counts.unknown.includes(cause) ? counts : { ...counts, unknown: [...counts.unknown, cause] }
  }
  return { ...counts, lost: { ...counts.lost, [cause]: counts.lost[cause] + count } }
}

type Told = Pick<
  LedgerEntry,
  'expected' | 'received' | 'bad' | 'lost' | 'lostKnown' | 'lostUnknown' | 'dropped'
>

/** The counts as the ledger entry tells them, with what the disk buffer dropped. */
export function toldCounts(counts: Counts, ranges: readonly DroppedRange[]): Told {
  const { expected, received, bad, unknown } = counts
  const samplesOf = (kind: DroppedRange['class']) =>
    ranges.filter(range => range.class === kind).reduce((sum, range) => sum + range.samples, 0)
  const dropped = { telemetry: samplesOf('telemetry'), waveform: samplesOf('waveform'), ranges: [...ranges] }
  const known = {
    ...counts.lost,
    bufferFull: counts.lost.bufferFull + dropped.telemetry + dropped.waveform,
  }
  const byCause = Object.fromEntries(
    causes.map(cause => [
      cause,
      cause !== 'bufferFull' && unknown.includes(cause) ? 'unknown' : known[cause],
    ]),
  )
  const lost = { ...byCause, superseded: counts.superseded } as LedgerEntry['lost']
  return { expected, received, bad, lost, lostKnown: known, lostUnknown: [...unknown], dropped }
}
