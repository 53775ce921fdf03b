import type { Output, Signal, Tag } from '../../model/index.ts'
import { beyond } from '../limits/judge.ts'
import type { Statistic, WindowsOptions } from './options.ts'
import type { Span } from './span.ts'

export type Told = {
  readonly options: WindowsOptions & { readonly name: string }
  readonly tag: Tag
  /** Samples so far for which no window was kept. */
  readonly tooLate: () => number
}

/** The window as it stands; counts it as given out. */
export function windowSignal(span: Span, told: Told): Output {
  const { options } = told
  const value = statisticOf(span, options.statistic)
  const verdict = value === null ? 'not-known' : verdictOf(value, options)
  const output = signalOf(span, told, { value, verdict, reason: reasonOf(span, value, verdict, told) })
  span.held.emitted++
  span.held.given = span.held.count
  return output
}

/** A session that was given out and has turned out to be part of another one. */
export function joinedSignal(span: Span, whole: Span, told: Told): Output {
  const reason = `Late samples have joined this session with the one that began at ${iso(whole.from)}`
  return signalOf(span, told, { value: null, verdict: 'not-known', reason })
}

function signalOf(
  span: Span,
  { options, tag, tooLate }: Told,
  judged: Pick<Signal, 'value' | 'verdict' | 'reason'>,
): Output & { readonly topic: 'signals' } {
  const { from, to, held } = span
  const value: Signal = {
    v: 1,
    asset: tag.asset,
    signal: options.name,
    processor: 'windows',
    t: options.window === 'session' ? span.latest : to,
    unit: unitOf(options.statistic, tag),
    ...judged,
    details: {
      start: from,
      end: options.window === 'session' ? span.latest : to,
      count: held.count,
      good: held.good,
      revision: held.emitted,
      late: held.late,
      tooLate: tooLate(),
    },
    evidence: structuredClone(span.evidence),
  }
  return { topic: 'signals', t: value.t, value }
}

function statisticOf({ held, first, latest }: Span, statistic: Statistic): number | null {
  if (statistic === 'count') return held.count
  if (statistic === 'duration') return (latest - first) / 1e6
  if (held.n === 0) return null
  if (statistic === 'min' || statistic === 'max') return held[statistic]
  // Values too large to be squared: neither is known.
  if (held.m2 < 0) return null
  if (statistic === 'mean') return held.mean
  return held.n > 1 ? Math.sqrt(held.m2 / (held.n - 1)) : null
}

function verdictOf(value: number, { warning, alarm }: WindowsOptions): 'normal' | 'warning' | 'alarm' {
  if (beyond(value, alarm, 0)) return 'alarm'
  return beyond(value, warning, 0) ? 'warning' : 'normal'
}

function reasonOf(
  span: Span,
  value: number | null,
  verdict: Signal['verdict'],
  { options, tag }: Told,
): string {
  const over = `${options.window === 'session' ? 'the session' : 'the window'} that began at ${iso(span.from)}`
  if (value === null) return `${tag.name} had too few good numbers for its ${options.statistic} in ${over}`
  const text = `${Number(value.toPrecision(6))} ${unitOf(options.statistic, tag)}`.trim()
  const what = options.statistic === 'duration' ? 'The duration' : `The ${options.statistic} of ${tag.name}`
  return `${what} in ${over} was ${text}${verdict === 'normal' ? '' : `, beyond its ${verdict} limit`}`
}

function unitOf(statistic: Statistic, { unit }: Tag): string {
  return statistic === 'count' ? 'samples' : statistic === 'duration' ? 's' : (unit ?? '')
}

function iso(t: number): string {
  const date = new Date(t / 1_000)
  return Number.isNaN(date.getTime()) ? `${t} µs` : date.toISOString()
}
