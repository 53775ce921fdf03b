import type { Aggregate, JsonValue, Signal } from '../model/index.ts'
import { SecondRing } from './second-ring.ts'

/** Newest window of one tag. `t` is ms UTC, the window's end. */
export type TagValue = {
  asset: string
  tag: string
  t: number
  /** Last good value; null when no sample of the window was good. */
  value: JsonValue
  mean: number | null
  /** Share of good samples, 0..1. */
  good: number
  unit: string
}

/** Newest state of one signal. `t` is ms UTC. */
export type SignalValue = Pick<
  Signal,
  'asset' | 'signal' | 'processor' | 't' | 'value' | 'unit' | 'verdict' | 'reason' | 'limits' | 'details'
>

/** A downsampled curve: the mean of every `stepS` seconds, ending at `end` (s UTC). */
export type Curve = { end: number; stepS: number; values: (number | null)[] }

export type TagHistory = {
  t: number[]
  mean: (number | null)[]
  min: (number | null)[]
  max: (number | null)[]
  good: (number | null)[]
}
export type SignalHistory = { t: number[]; value: (number | null)[] }

type Series<Latest> = { latest: Latest; start: number; revision: number; ring: SecondRing }

const tagColumns = 4
const signalColumns = 1

/**
 * Tags and signals with their last `seconds`, at most `maxSeries` of them. Of the records of one series the one that
 * came last is the newest: a machine whose clock was wrong is not shown at a wrong value for longer than that.
 */
export class SeriesTable {
  readonly #tags = new Map<string, Series<TagValue>>()
  readonly #signals = new Map<string, Series<SignalValue>>()
  readonly #lastSampleAt = new Map<string, number>()
  readonly #seconds: number
  readonly #maxSeries: number
  /** Records left out because the bound was reached. */
  leftOut = 0

  constructor(seconds: number, maxSeries: number) {
    this.#seconds = seconds
    this.#maxSeries = maxSeries
  }

  /** Whether the tag is kept: false where the bound is reached. */
  applyAggregate(window: Aggregate, revision: number): boolean {
    const key = seriesKey(window.asset, window.tag)
    const series = this.#tags.get(key) ?? this.#add(this.#tags, key, tagValue(window), tagColumns)
    if (!series) return false
    const good = window.count > 0 ? window.good / window.count : 0
    series.ring.set(secondOf(window.start), [window.mean, window.min, window.max, good])
    if (window.revision > 0 && window.start < series.start) return true
    series.latest = tagValue(window)
    series.start = window.start
    series.revision = revision
    if (window.count > 0) this.#lastSampleAt.set(window.asset, window.end)
    return true
  }

  applySignal(signal: Signal, revision: number): void {
    const key = seriesKey(signal.asset, signal.signal)
    const series = this.#signals.get(key) ?? this.#add(this.#signals, key, signalValue(signal), signalColumns)
    if (!series) return
    series.ring.set(secondOf(signal.t), [signal.value])
    series.latest = signalValue(signal)
    series.revision = revision
    const last = this.#lastSampleAt.get(signal.asset) ?? 0
    if (signal.t > last) this.#lastSampleAt.set(signal.asset, signal.t)
  }

  /** Source time of the newest sample known of an asset, microseconds UTC. */
  lastSampleAt(asset: string): number | undefined {
    return this.#lastSampleAt.get(asset)
  }

  tagsSince(revision: number): TagValue[] {
    return changed(this.#tags, revision)
  }

  signalsSince(revision: number): SignalValue[] {
    return changed(this.#signals, revision)
  }

  tag(asset: string, tag: string): TagValue | undefined {
    return this.#tags.get(seriesKey(asset, tag))?.latest
  }

  signal(asset: string, signal: string): SignalValue | undefined {
    return this.#signals.get(seriesKey(asset, signal))?.latest
  }

  signalsOf(asset: string): SignalValue[] {
    return changed(this.#signals, -1).filter(signal => signal.asset === asset)
  }

  tagHistory(asset: string, tag: string, after: number, until: number): TagHistory {
    const rows = this.#tags.get(seriesKey(asset, tag))?.ring.read(after, until)
    const [mean = [], min = [], max = [], good = []] = rows?.columns ?? []
    return { t: rows?.t ?? [], mean, min, max, good }
  }

  signalHistory(asset: string, signal: string, after: number, until: number): SignalHistory {
    const rows = this.#signals.get(seriesKey(asset, signal))?.ring.read(after, until)
    return { t: rows?.t ?? [], value: rows?.columns[0] ?? [] }
  }

  tagCurve(asset: string, tag: string, end: number, points: number, stepS: number): Curve | undefined {
    return curve(this.#tags.get(seriesKey(asset, tag)), end, points, stepS)
  }

  signalCurve(asset: string, signal: string, end: number, points: number, stepS: number): Curve | undefined {
    return curve(this.#signals.get(seriesKey(asset, signal)), end, points, stepS)
  }

  #add<Latest>(to: Map<string, Series<Latest>>, key: string, latest: Latest, columns: number) {
    if (this.#tags.size + this.#signals.size >= this.#maxSeries) {
      this.leftOut += 1
      return undefined
    }
    const series = { latest, start: 0, revision: 0, ring: new SecondRing(this.#seconds, columns) }
    to.set(key, series)
    return series
  }
}

function seriesKey(asset: string, name: string): string {
  return `${asset} ${name}`
}

function secondOf(micros: number): number {
  return Math.floor(micros / 1e6)
}

function changed<Latest>(series: Map<string, Series<Latest>>, revision: number): Latest[] {
  const found: Latest[] = []
  for (const entry of series.values()) if (entry.revision > revision) found.push(entry.latest)
  return found
}

function curve(series: Series<unknown> | undefined, end: number, points: number, stepS: number) {
  return series && { end, stepS, values: series.ring.buckets(0, end, points, stepS) }
}

function tagValue(window: Aggregate): TagValue {
  return {
    asset: window.asset,
    tag: window.tag,
    t: window.end / 1000,
    value: window.last as JsonValue,
    mean: window.mean,
    good: window.count > 0 ? window.good / window.count : 0,
    unit: window.unit ?? '',
  }
}

function signalValue(signal: Signal): SignalValue {
  const { asset, signal: name, processor, value, unit, verdict, reason, limits, details } = signal
  return {
    asset,
    signal: name,
    processor,
    t: signal.t / 1000,
    value,
    unit,
    verdict,
    reason,
    ...(limits && { limits }),
    ...(details && { details }),
  }
}
