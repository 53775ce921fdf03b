/**
 * Reads telemetry records as our connectors write them, several times faster than a JSON parser: what is the same as in the
 * asset's last record (names, indexes, statuses) is compared and not read again, and numbers are made where they stand.
 * Whatever looks otherwise is left to the JSON parser, so that the outcome is the same for any bytes.
 */
import type { TelemetryRecord } from '../model/index.ts'

type Head = Pick<TelemetryRecord, 'v' | 'asset' | 'source' | 'epoch' | 'seq'>
type Names = Pick<TelemetryRecord, 'tags' | 'tag'>

/** Of the last record: a section's bytes and what they say. */
type Known = { namesBytes: Buffer; names: Names; statusBytes: Buffer; status: number[] }

export type TelemetryDecoder = (bytes: Buffer) => unknown

/** Assets whose sections are remembered. */
const mostKnown = 20_000

/** @returns a decoder that gives what `JSON.parse` does, and throws what it throws */
export function telemetryDecoder(): TelemetryDecoder {
  const known = new Map<string, Known>()
  return bytes => quick(bytes, known) ?? JSON.parse(bytes.toString())
}

const start = Buffer.from('{"v":1,"asset":"')
const beforeNames = Buffer.from(',"tags":[')
const beforeTimes = Buffer.from('],"t":[')
const beforeValues = Buffer.from('],"value":[')
const beforeStatus = Buffer.from('],"status":[')
const [comma, minus, dot, zero, nine] = [44, 45, 46, 48, 57] as const

function quick(bytes: Buffer, known: Map<string, Known>): TelemetryRecord | undefined {
  if (bytes.length < 64 || bytes.compare(start, 0, start.length, 0, start.length) !== 0) return undefined
  const names = bytes.indexOf(beforeNames)
  const times = bytes.indexOf(beforeTimes, names)
  const values = bytes.indexOf(beforeValues, times)
  const status = bytes.indexOf(beforeStatus, values)
  if (names < 0 || times < 0 || values < 0 || status < 0) return undefined
  const end = bytes.length - 2
  if (bytes[end] !== 93 || bytes[end + 1] !== 125) return undefined // ]}
  const t = integersIn(bytes, times + beforeTimes.length, values)
  const value = t && numbersIn(bytes, values + beforeValues.length, status)
  if (!value) return undefined
  const head = headIn(bytes, names)
  if (!head) return undefined
  let last = known.get(head.asset)
  if (!last || !same(bytes, names, times, last.namesBytes)) {
    const read = namesIn(bytes, names, times + 1)
    if (!read) return undefined
    last = { namesBytes: copy(bytes, names, times), names: read, statusBytes: nothing, status: [] }
    if (known.size >= mostKnown) known.clear()
    known.set(head.asset, last)
  }
  const statusAt = status + beforeStatus.length
  if (!same(bytes, statusAt, end, last.statusBytes)) {
    const read = integersIn(bytes, statusAt, end)
    if (!read) return undefined
    last.status = read
    last.statusBytes = copy(bytes, statusAt, end)
  }
  const { tags, tag } = last.names
  return { ...head, tags, tag, t, value, status: last.status }
}

const nothing = Buffer.from(' ')
const copy = (bytes: Buffer, from: number, to: number): Buffer => Buffer.from(bytes.subarray(from, to))
const same = (bytes: Buffer, from: number, to: number, other: Buffer): boolean =>
  to - from === other.length && bytes.compare(other, 0, other.length, from, to) === 0

/** Exactly these fields, once each: a second `v` or `tags` would count in JSON, so what is longer is not read here. */
const headPattern =
  /^\{"v":1,"asset":"([^"\\\p{Cc}]*)","source":"([^"\\\p{Cc}]*)","epoch":(0|[1-9]\d{0,14}),"seq":(0|[1-9]\d{0,14})$/u

function headIn(bytes: Buffer, end: number): Head | undefined {
  const [, asset, source, epoch, seq] = headPattern.exec(bytes.toString('utf8', 0, end)) ?? []
  if (asset === undefined || source === undefined) return undefined
  return { v: 1, asset, source, epoch: Number(epoch), seq: Number(seq) }
}

/** `"tags":[...],"tag":[...]`, and no other field between. Of one that is there twice the last counts, as in JSON. */
function namesIn(bytes: Buffer, from: number, to: number): Names | undefined {
  try {
    const read = JSON.parse(`{${bytes.toString('utf8', from + 1, to)}}`) as Names
    return Object.keys(read).join() === 'tags,tag' ? read : undefined
  } catch {
    return undefined
  }
}

/** Integers without a sign, of at most 16 digits and below 2^53, apart by commas; undefined for anything else. */
function integersIn(bytes: Buffer, from: number, to: number): number[] | undefined {
  const integers: number[] = []
  let at = from
  while (at < to) {
    const begin = at
    let value = 0
    for (let digit = bytes[at]!; digit >= zero && digit <= nine; digit = bytes[++at]!)
      value = value * 10 + (digit - zero)
    const digits = at - begin
    if (digits === 0 || digits > 16 || value > Number.MAX_SAFE_INTEGER) return undefined
    if (digits > 1 && bytes[begin] === zero) return undefined
    integers.push(value)
    if (at === to) return integers
    if (bytes[at++] !== comma) return undefined
    at = repeated(bytes, begin, at, to, value, integers)
  }
  return undefined
}

/** Takes all that follows when it is the same integer again and again: a record's times, and its statuses, mostly are. */
function repeated(
  bytes: Buffer,
  begin: number,
  next: number,
  to: number,
  value: number,
  into: number[],
): number {
  const step = next - begin
  const count = (to - next + 1) / step
  if (into.length > 1 || count < 2 || !Number.isInteger(count)) return next
  if (bytes.compare(bytes, begin, to - step, next, to) !== 0) return next
  for (let i = 1; i < count; i++) into.push(value)
  return to - step + 1
}

const powersOf10 = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

/**
 * Decimals of at most 15 digits: as an integer over a power of ten, both exact, whose quotient is the nearest double, which is
 * what a JSON parser gives (Clinger 1990). Undefined for anything else, such as exponents and text.
 */
function numbersIn(bytes: Buffer, from: number, to: number): number[] | undefined {
  const numbers: number[] = []
  let at = from
  while (at < to) {
    const isNegative = bytes[at] === minus
    if (isNegative) at++
    const begin = at
    let mantissa = 0
    let digit = bytes[at]!
    for (; digit >= zero && digit <= nine; digit = bytes[++at]!) mantissa = mantissa * 10 + (digit - zero)
    const whole = at - begin
    if (whole === 0 || (whole > 1 && bytes[begin] === zero)) return undefined
    let decimals = 0
    if (digit === dot) {
      const point = at
      for (digit = bytes[++at]!; digit >= zero && digit <= nine; digit = bytes[++at]!)
        mantissa = mantissa * 10 + (digit - zero)
      decimals = at - point - 1
      if (decimals === 0) return undefined
    }
    if (whole + decimals > 15) return undefined
    const size = decimals === 0 ? mantissa : mantissa / powersOf10[decimals]!
    numbers.push(isNegative ? -size : size)
    if (at === to) return numbers
    if (bytes[at++] !== comma) return undefined
  }
  return undefined
}
