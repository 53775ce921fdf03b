import { type Micros, qualityOf, type Tag, type TelemetryRecord } from '../model/index.ts'

/** One sample of a tag as a processor reads it. */
export type Reading = { readonly t: Micros; readonly value: unknown; readonly status: number }

/** The samples of one tag that have a time and a status, in the order of source time. */
export function readingsOf(record: TelemetryRecord, name: string): Reading[] {
  const readings: Reading[] = []
  for (let i = 0; i < record.tag.length; i++) {
    if (pointedAt(record.tags, record.tag[i]) !== name) continue
    const t = record.t[i]!
    const status = record.status[i]!
    if (!Number.isSafeInteger(t) || !Number.isInteger(status)) continue
    readings.push({ t, value: record.value[i], status })
  }
  return readings.sort((a, b) => a.t - b.t)
}

/** What an entry of a record's column `tag` points at. No schema is run over each record: the entry may be anything. */
export function pointedAt<T>(list: readonly T[], index: unknown): T | undefined {
  return Number.isInteger(index) ? list[index as number] : undefined
}

/** The number, or one sentence why it is not known: bad or uncertain quality, or no finite number. */
export function numberOf({ value, status }: Reading, tag: Tag): number | string {
  const quality = qualityOf(status)
  if (quality !== 'good') return `${tag.name} is of ${quality} quality (status 0x${hex(status)})`
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return `${tag.name} is not a finite number but ${String(JSON.stringify(value)).slice(0, 40)}`
}

function hex(status: number): string {
  return (status >>> 0).toString(16).padStart(8, '0').toUpperCase()
}
