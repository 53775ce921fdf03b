import type { Micros, Tag } from '../model/index.ts'
import type { SampleOf } from './samples.ts'
import { newTrust, type Trust, take, whyNot } from './trust.ts'

/** The newest sample of each of several tags, to be put side by side. */
export type Rows = { trusts: Trust[]; values: number[]; t: Micros | null; due: Micros }

export function newRows(tags: readonly Tag[]): Rows {
  return {
    trusts: tags.map(newTrust),
    values: tags.map(() => 0),
    t: null,
    due: Number.MIN_SAFE_INTEGER,
  }
}

type Options = { readonly gapMs: number; readonly stepMs: number }

/** Takes one sample; true where all that was learned of it no longer holds (its unit was changed). */
export function takeSample(rows: Rows, sample: SampleOf, tag: Tag, options: Options): boolean {
  const trust = rows.trusts[sample.at]!
  if (trust.t !== null && sample.t < trust.t) return false
  const { value, relearn } = take(trust, sample, tag, options)
  if (value !== null) rows.values[sample.at] = value
  if (rows.t === null || sample.t > rows.t) rows.t = sample.t
  return relearn
}

/** Why no row can be made now; null where one can. */
export function whyNoRow(rows: Rows, tags: readonly Tag[], options: Options): string | null {
  if (rows.t === null) return 'no sample has come yet'
  for (const [i, tag] of tags.entries()) {
    const why = whyNot(rows.trusts[i]!, rows.t, tag, options)
    if (why !== null) return why
  }
  return null
}

/** Whether the next row is due; what comes at the same source time belongs to one row. */
export function rowDue(rows: Rows, { stepMs }: Options): boolean {
  if (rows.t === null || rows.t < rows.due) return false
  rows.due = rows.t + Math.max(1, stepMs * 1_000)
  return true
}

/** The samples in groups of one source time. */
export function* bySourceTime(samples: readonly SampleOf[]): Generator<readonly SampleOf[]> {
  let from = 0
  for (let i = 1; i <= samples.length; i++) {
    if (i < samples.length && samples[i]!.t === samples[from]!.t) continue
    yield samples.slice(from, i)
    from = i
  }
}
