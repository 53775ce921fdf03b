import type { Micros, TelemetryRecord } from '../model/index.ts'
import { pointedAt, type Reading } from './readings.ts'

/** A reading of one of several tags: `at` is the tag's place among those asked for. */
export type SampleOf = Reading & { readonly at: number }

/** The samples of these tags that have a time and a status, in the order of source time. */
export function samplesOf(record: TelemetryRecord, places: ReadonlyMap<string, number>): SampleOf[] {
  const placeOf = record.tags.map(name => places.get(name) ?? -1)
  const samples: SampleOf[] = []
  let sorted = true
  let newest: Micros = Number.NEGATIVE_INFINITY
  for (let i = 0; i < record.tag.length; i++) {
    const at = pointedAt(placeOf, record.tag[i]) ?? -1
    const t = record.t[i]!
    const status = record.status[i]!
    if (at < 0 || !Number.isSafeInteger(t) || !Number.isInteger(status)) continue
    if (t < newest) sorted = false
    newest = t
    samples.push({ at, t, value: record.value[i], status })
  }
  return sorted ? samples : samples.sort((a, b) => a.t - b.t)
}
