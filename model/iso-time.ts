import type { Micros } from './sample.ts'

/**
 * The time that the parts of an ISO 8601 text name, `2026-01-31`, `12:59:59`, digits of a second, and `Z` or `+01:00`, also
 * without the colon; undefined where there is none such. A Date keeps milliseconds alone, and without a zone it is local:
 * here it is UTC.
 */
export function microsOf(date: string, time: string, fraction = '', zone = 'Z'): Micros | undefined {
  const ms = Date.parse(`${date}T${time}${zone.replace(/(\d\d)(\d\d)$/, '$1:$2')}`)
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}
