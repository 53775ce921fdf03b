import type { Evidence, Micros } from '../../model/index.ts'
import { addSample, mergeWindow, openWindow, type Window } from '../aggregate/window.ts'
import { type Origin, witness, witnessAll } from '../evidence.ts'
import type { Reading } from '../readings.ts'

/** One window of one tag: what it holds of [from, to), and its records. A session's `to` moves with its last sample. */
export type Span = {
  from: Micros
  to: Micros
  first: Micros
  latest: Micros
  held: Window
  evidence: Evidence[]
}

/** Which spans a sample belongs to; may put new ones into the list, which is ordered by `from`, or join some. */
export interface Shape {
  /**
   * What ends at or before `gone` is kept no longer, and gets no new sample.
   * @returns spans of that sample, and those that were given out and are now part of another
   */
  spansFor(
    spans: Span[],
    t: Micros,
    gone: Micros,
  ): { readonly of: readonly Span[]; readonly absorbed: readonly Span[] }
  /** From this watermark on a sample of time `t` may find no span of its own any more. */
  endOf(t: Micros): Micros
}

export function addTo(span: Span, { t, value, status }: Reading, origin: Origin, late: boolean): void {
  if (late) span.held.late++
  span.first = Math.min(span.first, t)
  span.latest = Math.max(span.latest, t)
  addSample(span.held, t, value, status >>> 30 === 0)
  witness(span.evidence, origin)
}

function newSpan(from: Micros, to: Micros, t: Micros): Span {
  return { from, to, first: t, latest: t, held: openWindow(from), evidence: [] }
}

export function hopping(size: Micros, every: Micros): Shape {
  return {
    spansFor(spans, t, gone) {
      const of: Span[] = []
      for (let from = Math.floor(t / every) * every; from > Math.max(t, gone) - size; from -= every) {
        let span = spans.find(one => one.from === from)
        if (span === undefined) {
          span = newSpan(from, from + size, t)
          insert(spans, span)
        }
        of.push(span)
      }
      return { of, absorbed: [] }
    },
    endOf: t => Math.floor(t / every) * every + size,
  }
}

/** Samples less than `gap` apart are of one session; a sample between two sessions may join them. */
export function session(gap: Micros): Shape {
  return {
    spansFor(spans, t) {
      const near = spans.filter(({ first, to }) => t > first - gap && t < to)
      const [whole = newSpan(t, t + gap, t), ...others] = near
      const absorbed = others.filter(({ held }) => held.emitted > 0)
      // A session is named by its beginning: one that begins earlier than was given out is another one.
      if (t < whole.from && whole.held.emitted > 0) absorbed.unshift({ ...whole, held: { ...whole.held } })
      for (const part of others) join(whole, part)
      whole.from = Math.min(whole.from, t)
      whole.held.start = whole.from
      whole.to = Math.max(whole.to, t + gap)
      const rest = spans.filter(span => !near.includes(span))
      spans.splice(0, spans.length, ...rest)
      insert(spans, whole)
      return { of: [whole], absorbed }
    },
    endOf: t => t + gap,
  }
}

function join(whole: Span, part: Span): void {
  mergeWindow(whole.held, part.held)
  whole.held.late += part.held.late
  whole.latest = Math.max(whole.latest, part.latest)
  whole.to = Math.max(whole.to, part.to)
  witnessAll(whole.evidence, part.evidence)
}

function insert(spans: Span[], span: Span): void {
  const after = spans.findLastIndex(({ from }) => from < span.from)
  spans.splice(after + 1, 0, span)
}
