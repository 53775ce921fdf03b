import type { Evidence } from '../model/index.ts'

/** What names an input record for ever: a telemetry record or a waveform block. */
export type Origin = { readonly source: string; readonly epoch: number; readonly seq: number }

/**
 * Adds one record to ranges, in place: one range a source and epoch, from the first to the last record of the asset.
 * Quick when the record is the last one added, which is what a loop over its samples sees.
 */
export function witness(evidence: Evidence[], { source, epoch, seq }: Origin): void {
  const last = evidence[evidence.length - 1]
  if (last !== undefined && last.to === seq && last.epoch === epoch && last.source === source) return
  widen(evidence, { source, epoch, from: seq, to: seq })
}

/** Adds all ranges of `more`, in place. */
export function witnessAll(evidence: Evidence[], more: readonly Evidence[]): void {
  for (const range of more) widen(evidence, range)
}

function widen(evidence: Evidence[], range: Evidence): void {
  const known = evidence.find(e => e.source === range.source && e.epoch === range.epoch)
  if (known === undefined) {
    evidence.push({ ...range })
    return
  }
  known.from = Math.min(known.from, range.from)
  known.to = Math.max(known.to, range.to)
}
