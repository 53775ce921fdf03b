import type { Aggregate, TelemetryRecord } from '../../model/index.ts'

export type Numbered = {
  readonly asset: string
  readonly tag: string
  readonly t: number
  readonly value: number
}

export const samplesOf = ({ asset, tags, tag, t, value }: TelemetryRecord): Numbered[] =>
  t.map((at, i) => ({ asset, tag: tags[tag[i]!]!, t: at, value: value[i] as number }))

export type Window = {
  readonly key: string
  readonly count: number
  readonly min: number | null
  readonly max: number | null
  /** To the ninth digit: the order of additions is not told. */
  readonly mean: string | undefined
  readonly last: unknown
}

/** Tumbling windows from the samples alone, all of them in memory at once, as nobody would in a plant. */
export function windowsOf(samples: readonly Numbered[], size: number): Window[] {
  const startOf = (t: number) => Math.floor(t / size) * size
  const groups = Map.groupBy(samples, ({ asset, tag, t }) => `${asset}/${tag} ${startOf(t)}`)
  const windows = [...groups].map(([key, within]) => {
    const values = within.map(({ value }) => value)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return {
      key,
      count: values.length,
      min: Math.min(...values),
      max: Math.max(...values),
      mean: rounded(mean),
      last: within.toSorted((a, b) => a.t - b.t).at(-1)!.value,
    }
  })
  return windows.toSorted(byKey)
}

/** What the plant made of them: of each window its highest revision. */
export function lastRevisions(aggregates: readonly Aggregate[]): Window[] {
  const newest = new Map<string, Aggregate>()
  for (const aggregate of aggregates) {
    const key = keyOf(aggregate)
    if (aggregate.revision >= (newest.get(key)?.revision ?? 0)) newest.set(key, aggregate)
  }
  const windows = [...newest].map(([key, { count, min, max, mean, last }]) => {
    return { key, count, min, max, mean: rounded(mean), last }
  })
  return windows.toSorted(byKey)
}

/** Revisions that came twice, or that have none before them. */
export function strayRevisions(aggregates: readonly Aggregate[]): string[] {
  const byWindow = Map.groupBy(aggregates, keyOf)
  return [...byWindow].flatMap(([key, all]) => {
    const revisions = all.map(({ revision }) => revision)
    const isGapless = revisions.every((revision, i) => revision === i)
    return isGapless ? [] : [`${key}: ${revisions.join()}`]
  })
}

const keyOf = ({ asset, tag, start }: Aggregate): string => `${asset}/${tag} ${start}`
const rounded = (mean: number | null): string | undefined => mean?.toPrecision(9)
const byKey = (a: Window, b: Window): number => (a.key < b.key ? -1 : 1)
