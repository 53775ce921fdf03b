import type { Micros, PartFeature, PartVerdict, Tag } from '../../model/index.ts'
import type { Cycle, Latest } from './cycle.ts'
import type { Feature, Limits, PartsOptions } from './options.ts'

/** What a feature is judged on: the cycle, the newest readings, and its end where it has one. */
export type Look = {
  readonly cycle: Cycle
  readonly latest: readonly (Latest | null)[]
  readonly t: Micros
  readonly ended: boolean
  readonly options: PartsOptions
}

/** The feature's number as it stands, or why it is not known. `at` is the index of its tag. */
export function featureValue(feature: Feature, at: number, look: Look): number | string {
  const { cycle, t } = look
  switch (feature.take) {
    case 'duration':
      return (t - cycle.start) / 1e6
    case 'at-start':
      return cycle.held[at]!
    case 'at-end':
      return fresh(look.latest[at] ?? null, t, feature.tag!, look.options.maxAgeMs)
    default:
      return overCycle(feature.take, feature.tag!, at, look)
  }
}

/** The value of a reading that is not too old to stand for this moment. */
export function fresh(latest: Latest | null, t: Micros, tag: string, maxAgeMs: number): number | string {
  if (latest === null) return `no sample of ${tag} yet`
  const { value } = latest
  if (typeof value === 'string' || t - latest.t <= maxAgeMs * 1_000) return value
  return `the last sample of ${tag} is ${Math.round((t - latest.t) / 1e6)} s old`
}

type Statistic = Exclude<Feature['take'], 'duration' | 'at-start' | 'at-end'>

function overCycle(take: Statistic, tag: string, at: number, { cycle, t, options }: Look): number | string {
  const tally = cycle.tallies[at]!
  if (tally.bad !== null) return tally.bad
  if (tally.count === 0) return `no sample of ${tag} in the cycle`
  const gap = Math.max(tally.longestGap, t - tally.lastT)
  if (options.maxGapMs !== undefined && gap > options.maxGapMs * 1_000)
    return `no sample of ${tag} for ${Number((gap / 1e6).toPrecision(3))} s of the cycle`
  switch (take) {
    case 'std':
      return tally.count < 2
        ? `only one sample of ${tag} in the cycle`
        : Math.sqrt(tally.squares / (tally.count - 1))
    case 'slope':
      return tally.squaresS > 0 ? tally.products / tally.squaresS : `only one sample of ${tag} in the cycle`
    case 'integral':
      return tally.integral + (tally.last * (t - tally.lastT)) / 1e6
    default:
      return tally[take]
  }
}

/**
 * The number by which the part is scrap whatever is still to come: a maximum only grows, a minimum only falls. That a
 * sample was bad does not take it back.
 */
export function surelyScrap(feature: Feature, at: number, { cycle, t }: Look): number | undefined {
  const { take, scrap } = feature
  if (scrap === undefined) return undefined
  const tally = at < 0 ? undefined : cycle.tallies[at]
  const grown = take === 'duration' ? (t - cycle.start) / 1e6 : tally?.max
  if (take === 'duration' || (take === 'max' && tally!.count > 0))
    return grown! > (scrap.above ?? Number.POSITIVE_INFINITY) ? grown : undefined
  if (take === 'min' && tally!.count > 0)
    return tally!.min < (scrap.below ?? Number.NEGATIVE_INFINITY) ? tally!.min : undefined
  const held = take === 'at-start' ? cycle.held[at] : undefined
  return typeof held === 'number' && isBeyond(held, scrap) ? held : undefined
}

/** A feature of a part whose cycle has ended. */
export function judged(feature: Feature, at: number, look: Look, unit: string): PartFeature {
  const { rework, scrap } = feature
  const limits = { ...(rework && { rework }), ...(scrap && { scrap }) }
  const sure = surelyScrap(feature, at, look)
  if (sure !== undefined) return { value: rounded(sure), unit, verdict: 'scrap', ...limits }
  const value = featureValue(feature, at, look)
  if (typeof value === 'string' || !Number.isFinite(value)) {
    const reason = typeof value === 'string' ? value : 'it is not a finite number'
    return { value: null, unit, verdict: 'not-known', ...limits, reason }
  }
  const verdict = isBeyond(value, scrap) ? 'scrap' : isBeyond(value, rework) ? 'rework' : 'ok'
  return { value: rounded(value), unit, verdict, ...limits }
}

export function isBeyond(value: number, limits: Limits | undefined): boolean {
  if (limits === undefined) return false
  return (
    value > (limits.above ?? Number.POSITIVE_INFINITY) || value < (limits.below ?? Number.NEGATIVE_INFINITY)
  )
}

/** Scrap as soon as one feature is; else only known when every feature with a limit is. */
export function verdictOf(
  features: Readonly<Record<string, PartFeature>>,
  doubt: string | null,
): PartVerdict {
  const limited = Object.values(features).filter(({ rework, scrap }) => rework ?? scrap)
  const has = (verdict: PartVerdict) => limited.some(feature => feature.verdict === verdict)
  if (has('scrap')) return 'scrap'
  if (doubt !== null || has('not-known')) return 'not-known'
  return has('rework') ? 'rework' : 'ok'
}

export function unitOf({ take }: Feature, tag: Tag | undefined): string {
  const unit = tag?.unit ?? ''
  if (take === 'duration') return 's'
  if (take === 'slope') return `${unit}/s`
  return take === 'integral' ? `${unit}.s` : unit
}

/** Nine digits: float sums differ in the last ones, and nobody reads them. */
function rounded(value: number): number {
  return Number(value.toPrecision(9))
}
