import type { Micros } from '../../model/index.ts'

const iso = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?$/i
/** Nothing was measured and posted before; what seems to be is in another unit. */
const earliest: Micros = Date.UTC(1990, 0, 1) * 1000

export type Timed = { readonly t: Micros } | { readonly wrong: string; readonly hint: string }

const forms = 'Write 2026-01-31T12:59:59.599Z, or with +01:00 in place of Z; or microseconds since 1970'

/** A time as text: ISO 8601 with its zone, to the microsecond, or microseconds since 1970. */
export function timeOf(text: string, latest: Micros): Timed {
  if (/^\d{1,17}$/.test(text)) return checked(Number(text), latest)
  const match = iso.exec(text)
  if (!match) return { wrong: `"${text.slice(0, 40)}" is no time`, hint: forms }
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = match
  if (zone === undefined) {
    return { wrong: `"${text}" does not say its time zone`, hint: 'Append Z for UTC, or the zone: +01:00' }
  }
  const numbers = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [y, mo, d, h, mi, s] = numbers
  const ms = Date.UTC(y, mo - 1, d, h, mi, s)
  // Date.UTC carries over: the 31st of February would be in March.
  const isReal = new Date(ms)
    .toISOString()
    .startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second.padStart(2, '0')}`)
  const offset = offsetMinutes(zone)
  if (!isReal || offset === undefined) return { wrong: `"${text}" is no time`, hint: forms }
  return checked((ms - offset * 60_000) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)), latest)
}

/** A time as microseconds, checked for having been meant as such. */
export function checked(t: number, latest: Micros): Timed {
  if (!Number.isSafeInteger(t)) return { wrong: `${t} is not a whole number of microseconds`, hint: forms }
  if (t < earliest) {
    const unit = t * 1000 >= earliest ? 'milliseconds' : t * 1e6 >= earliest ? 'seconds' : undefined
    const wrong = `${t} microseconds are ${new Date(Math.max(t, 0) / 1000).toISOString()}`
    return { wrong, hint: unit ? `These seem to be ${unit}: times are in microseconds since 1970` : forms }
  }
  if (t <= latest) return { t }
  const hint = "Set the sender's clock; maxAheadMs is how far it may be ahead. Nanoseconds are not read"
  return { wrong: `${new Date(Math.min(t / 1000, 8.64e15)).toISOString()} is in the future`, hint }
}

function offsetMinutes(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone)!
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined
  return (sign === '-' ? -1 : 1) * (60 * Number(hours) + Number(minutes))
}
