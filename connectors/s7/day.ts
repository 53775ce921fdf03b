/** Dates and times of day (STEP 7, "Format of the data types DATE, TIME_OF_DAY, LTIME_OF_DAY"). */
import { MillraceError, type Value } from '../../model/index.ts'

const dayMs = 86_400_000
const epochMs = Date.UTC(1990, 0, 1)

/** Days since 1990-01-01. */
export function decodeDate(bytes: Buffer, at: number): string {
  return new Date(epochMs + dayMs * bytes.readUInt16BE(at)).toISOString().slice(0, 10)
}

/** @throws MillraceError `bad-type` */
export function encodeDate(value: Value, into: Buffer, at: number): void {
  const isDate = typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)
  const date = new Date(isDate ? `${value}T00:00:00Z` : Number.NaN)
  const days = (date.getTime() - epochMs) / dayMs
  // 31 April is taken for 1 May.
  const exists = days >= 0 && days <= 0xffff && date.toISOString().startsWith(String(value))
  if (!exists)
    throw new MillraceError('bad-type', `${String(value)} is not a date like 2026-01-31, from 1990 on`)
  into.writeUInt16BE(days, at)
}

/** Milliseconds since midnight. */
export function decodeTimeOfDay(bytes: Buffer, at: number): string {
  const ms = bytes.readUInt32BE(at)
  return timeOfDay(BigInt(ms) * 1_000_000n, 3)
}

/** @throws MillraceError `bad-type` */
export function encodeTimeOfDay(value: Value, into: Buffer, at: number): void {
  into.writeUInt32BE(Number(sinceMidnight(value) / 1_000_000n), at)
}

/** Nanoseconds since midnight. */
export function decodeLongTimeOfDay(bytes: Buffer, at: number): string {
  return timeOfDay(bytes.readBigUInt64BE(at), 9)
}

/** @throws MillraceError `bad-type` */
export function encodeLongTimeOfDay(value: Value, into: Buffer, at: number): void {
  into.writeBigUInt64BE(sinceMidnight(value), at)
}

function timeOfDay(nanoseconds: bigint, digits: number): string {
  const ms = Number(nanoseconds / 1_000_000n)
  if (ms >= dayMs) {
    throw new MillraceError('bad-payload', 'the bytes are no time of day: more than 24 hours', {
      hint: 'Check the offset and the type in the data block',
    })
  }
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0')
  return `${new Date(ms).toISOString().slice(11, 19)}.${fraction.slice(0, digits)}`
}

/** Nanoseconds. */
function sinceMidnight(value: Value): bigint {
  const match =
    typeof value === 'string' ? /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/.exec(value) : null
  if (!match) throw new MillraceError('bad-type', `${String(value)} is not a time of day like 12:59:59.599`)
  const [, hour, minute, second, fraction = ''] = match
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}
