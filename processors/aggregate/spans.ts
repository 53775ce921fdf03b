import type { Evidence, Micros } from '../../model/index.ts'
import { type Origin, witness, witnessAll } from '../evidence.ts'
import { entryAt, type Level, startOf } from './level.ts'

/** The asset's records that have samples in one window: the evidence of all its tags there. */
export type Span = { start: Micros; evidence: Evidence[] }

/** By level, oldest first. */
export type Spans = [Span[], Span[], Span[]]

export function witnessWindow(spans: Span[], start: Micros, origin: Origin): void {
  witness(entryAt(spans, start, newSpan).evidence, origin)
}

/** Hands the evidence of the windows that the watermark has just passed on to the longer ones. */
export function passOn(spans: Spans, levels: readonly Level[], before: Micros, watermark: Micros): void {
  for (let n = 0; n + 1 < levels.length; n++) {
    const { size } = levels[n]!
    for (const { start, evidence } of spans[n]!) {
      if (start + size <= before || start + size > watermark) continue
      witnessAll(entryAt(spans[n + 1]!, startOf(start, levels[n + 1]!.size), newSpan).evidence, evidence)
    }
  }
}

export function letGo(spans: Spans, levels: readonly Level[], watermark: Micros): void {
  for (const [n, { size, kept }] of levels.entries()) {
    spans[n] = spans[n]!.filter(({ start }) => start + size + kept > watermark)
  }
}

/** Looks up the evidence of windows for one step: copies, one a window, that all its tags share. */
export function evidenceIn(spans: Spans): (n: number, start: Micros) => Evidence[] {
  const copies: (Span | undefined)[] = []
  return (n, start) => {
    let copy = copies[n]
    if (copy?.start !== start) {
      const evidence = spans[n]!.findLast(span => span.start === start)?.evidence ?? []
      copy = { start, evidence: evidence.map(range => ({ ...range })) }
      copies[n] = copy
    }
    return copy.evidence
  }
}

/** The same for windows that are given out before they close: with the evidence of what is still open below them. */
export function evidenceAhead(
  spans: Spans,
  levels: readonly Level[],
): (n: number, start: Micros) => Evidence[] {
  const closed = evidenceIn(spans)
  return (n, start) => {
    const evidence = structuredClone(closed(n, start))
    const end = start + levels[n]!.size
    for (const below of spans.slice(0, n).flat()) {
      if (below.start >= start && below.start < end) witnessAll(evidence, below.evidence)
    }
    return evidence
  }
}

function newSpan(start: Micros): Span {
  return { start, evidence: [] }
}
