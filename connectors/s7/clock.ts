/** Durations and points in time (STEP 7, "Format of the data types S5TIME, DATE_AND_TIME, DTL"). */
import { type Micros, MillraceError, type Value } from '../../model/index.ts'

/** S5TIME, also a timer's word: two bits of time base (10 ms to 10 s) and three BCD digits. Milliseconds. */
export function decodeS5Time(bytes: Buffer, at: number): number {
  const word = bytes.readUInt16BE(at)
  return threeDigits(word) * 10 ** (1 + ((word >> 12) & 3))
}

/** @throws MillraceError `bad-type` where the milliseconds do not fit three digits exactly */
export function encodeS5Time(value: Value, into: Buffer, at: number): void {
  for (let base = 0; base < 4; base++) {
    const count = Number(value) / 10 ** (1 + base)
    if (typeof value !== 'number' || count < 0 || count > 999 || !Number.isInteger(count)) continue
    into.writeUInt16BE((base << 12) | Number.parseInt(String(count), 16), at)
    return
  }
  throw new MillraceError('bad-type', `${String(value)} ms cannot be an S5TIME`, {
    hint: 'Three digits of 10 ms, 100 ms, 1 s or 10 s: at most 9990000 ms',
  })
}

/** A counter's word: three BCD digits. */
export function decodeCounter(bytes: Buffer, at: number): number {
  return threeDigits(bytes.readUInt16BE(at))
}

/** Eight bytes of BCD: year (90 is 1990, 89 is 2089), month, day, hour, minute, second, milliseconds, weekday. */
export function decodeDateAndTime(bytes: Buffer, at: number): string {
  const [year, month, day, hour, minute, second] = Array.from(bytes.subarray(at, at + 6), bcd) as Six
  const ms = bcd(bytes.readUInt8(at + 6)) * 10 + bcd(bytes.readUInt8(at + 7) >> 4)
  const fields: Six = [year < 90 ? 2000 + year : 1900 + year, month, day, hour, minute, second]
  return `${iso(fields)}.${String(ms).padStart(3, '0')}`
}

/** @throws MillraceError `bad-type` */
export function encodeDateAndTime(value: Value, into: Buffer, at: number): void {
  const { date, nanoseconds } = parseIso(value)
  if (date.getUTCFullYear() < 1990 || date.getUTCFullYear() > 2089) {
    throw new MillraceError('bad-type', `${String(value)} is beyond DATE_AND_TIME (1990 to 2089)`)
  }
  const digits = [date.getUTCFullYear() % 100, ...fieldsOf(date).slice(1)].map(number =>
    String(number).padStart(2, '0'),
  )
  const ms = String(Math.floor(nanoseconds / 1e6)).padStart(3, '0')
  into.write(`${digits.join('')}${ms}${date.getUTCDay() + 1}`, at, 'hex')
}

/** Twelve bytes: year, month, day, weekday, hour, minute, second, nanoseconds. */
export function decodeDtl(bytes: Buffer, at: number): string {
  const [month, day, , hour, minute, second] = bytes.subarray(at + 2, at + 8) as unknown as Six
  const nanoseconds = bytes.readUInt32BE(at + 8)
  if (nanoseconds > 999_999_999) throw notATime()
  return `${iso([bytes.readUInt16BE(at), month, day, hour, minute, second])}.${String(nanoseconds).padStart(9, '0')}`
}

/** @throws MillraceError `bad-type` */
export function encodeDtl(value: Value, into: Buffer, at: number): void {
  const { date, nanoseconds } = parseIso(value)
  const [year, month, day, hour, minute, second] = fieldsOf(date)
  into.writeUInt16BE(year, at)
  into.set([month, day, date.getUTCDay() + 1, hour, minute, second], at + 2)
  into.writeUInt32BE(nanoseconds, at + 8)
}

/** LDT: nanoseconds since 1970. */
export function decodeLongDateAndTime(bytes: Buffer, at: number): string {
  const nanoseconds = bytes.readBigInt64BE(at)
  const seconds = nanoseconds / 1_000_000_000n
  // Before 1970 it is no time that a controller keeps, but bytes of something else.
  if (nanoseconds < 0n) throw notATime()
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0')
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}`
}

/** @throws MillraceError `bad-type` */
export function encodeLongDateAndTime(value: Value, into: Buffer, at: number): void {
  const { date, nanoseconds } = parseIso(value)
  const count = BigInt(date.getTime()) * 1_000_000n + BigInt(nanoseconds)
  if (count < 0n || count >= 2n ** 63n) {
    throw new MillraceError('bad-type', `${String(value)} is beyond LDT (1970 to 2262)`)
  }
  into.writeBigInt64BE(count, at)
}

/** Microseconds since 1970 of what decodeDateAndTime, decodeDtl or decodeLongDateAndTime gave, taken as UTC. */
export function microsOf(isoText: string): Micros {
  const { date, nanoseconds } = parseIso(isoText)
  return date.getTime() * 1000 + Math.floor(nanoseconds / 1000)
}

type Six = [number, number, number, number, number, number]

function fieldsOf(date: Date): Six {
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ]
}

/** ISO 8601 to the second, after proving that the calendar has it. */
function iso([year, month, day, hour, minute, second]: Six): string {
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // Date.UTC takes the years 0 to 99 for 1900 to 1999, and rolls 31 April over to May: both come back different.
  if (fieldsOf(date).some((field, i) => field !== [year, month, day, hour, minute, second][i]))
    throw notATime()
  return date.toISOString().slice(0, 19)
}

/** `date` to the second and the nanoseconds beyond it. */
function parseIso(value: Value): { date: Date; nanoseconds: number } {
  const match =
    typeof value === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/.exec(value) : null
  const date = new Date(`${match?.[1]}Z`)
  if (!match || Number.isNaN(date.getTime()) || date.toISOString().slice(0, 19) !== match[1]) {
    throw new MillraceError('bad-type', `${String(value)} is not a time like 2026-01-31T12:00:00.000`)
  }
  return { date, nanoseconds: Number((match[2] ?? '0').padEnd(9, '0')) }
}

function threeDigits(word: number): number {
  return bcd((word >> 8) & 0xf) * 100 + bcd(word & 0xff)
}

function bcd(byte: number): number {
  const [high, low] = [byte >> 4, byte & 0xf]
  if (high > 9 || low > 9)
    throw new MillraceError('bad-payload', `0x${byte.toString(16)} is not a BCD number`)
  return high * 10 + low
}

function notATime(): MillraceError {
  return new MillraceError('bad-payload', 'the bytes are no date and time', {
    hint: 'Check the offset, and that the PLC has written the field',
  })
}
