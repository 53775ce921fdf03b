import { MillraceError, type TagClass, type Value } from '../../../model/index.ts'
import { floatsOf } from '../decode.ts'
import { type RawDataSet, type RawMetric, type RawValue, sent, wide } from './payload.ts'

/** Datatypes that are asked for by name elsewhere; all of them: Sparkplug 3.0, 6.4.16. */
export const datatype = { int32: 3, boolean: 11 } as const

const floatArray = 30
const bytes = 17
const deepest = 8
const mostBooleans = 1_000_000

/**
 * The value of a metric whose datatype is known, exact. Null where the metric says so.
 * @throws MillraceError `bad-payload` where the value is not of the datatype
 */
export function metricValue(
  metric: RawValue,
  type: number,
  tagClass: TagClass = 'telemetry',
  depth = 0,
): Value {
  if (tagClass === 'waveform' && (type === floatArray || type === bytes))
    return floatsOf(need(metric, 'bytesValue'))
  const read = scalars[type]
  if (read) return read(metric)
  const list = arrays[type]
  if (list) return list(need(metric, 'bytesValue'))
  if (type === 16) return dataSetOf(need(metric, 'datasetValue'))
  if (type === 19) return templateOf(need(metric, 'templateValue').metrics ?? [], depth)
  throw bad(`datatype ${type} is not one of Sparkplug B`)
}

function bad(message: string): MillraceError {
  return new MillraceError('bad-payload', message, {
    hint: 'The edge node breaks Sparkplug 3.0, chapter 6.4',
  })
}

function need<K extends keyof RawValue>(metric: RawValue, key: K): NonNullable<RawValue[K]> {
  const value = sent(metric, key)
  if (value === undefined) throw bad(`the metric has no ${key}, which its datatype asks for`)
  return value
}

/** 32 bits and less are sent in intValue by most and in longValue by some. */
function integer(metric: RawValue): bigint {
  const short = sent(metric, 'intValue')
  return short === undefined ? wide(need(metric, 'longValue')) : BigInt(short)
}

const signed = (bits: number) => (metric: RawValue) => Number(BigInt.asIntN(bits, integer(metric)))
const unsigned = (bits: number) => (metric: RawValue) => Number(BigInt.asUintN(bits, integer(metric)))
const text = (metric: RawValue) => need(metric, 'stringValue')
const base64 = (metric: RawValue) => Buffer.from(need(metric, 'bytesValue')).toString('base64')

const scalars: Readonly<Record<number, (metric: RawValue) => Value>> = {
  1: signed(8),
  2: signed(16),
  3: signed(32),
  4: metric => BigInt.asIntN(64, integer(metric)),
  5: unsigned(8),
  6: unsigned(16),
  7: unsigned(32),
  8: metric => BigInt.asUintN(64, integer(metric)),
  9: metric => need(metric, 'floatValue'),
  10: metric => need(metric, 'doubleValue'),
  11: metric => need(metric, 'booleanValue'),
  12: text,
  13: metric => integer(metric),
  14: text,
  15: text,
  17: base64,
  18: base64,
}

const packed =
  (size: number, read: (view: DataView, at: number) => Value) =>
  (data: Uint8Array): Value => {
    if (data.byteLength % size !== 0)
      throw bad(`${data.byteLength} bytes are no array of ${size} byte values`)
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    return Array.from({ length: data.byteLength / size }, (_, i) => read(view, i * size))
  }

/** Arrays are packed little endian (Sparkplug 3.0, 6.4.17). */
const arrays: Readonly<Record<number, (data: Uint8Array) => Value>> = {
  22: packed(1, (view, at) => view.getInt8(at)),
  23: packed(2, (view, at) => view.getInt16(at, true)),
  24: packed(4, (view, at) => view.getInt32(at, true)),
  25: packed(8, (view, at) => view.getBigInt64(at, true)),
  26: packed(1, (view, at) => view.getUint8(at)),
  27: packed(2, (view, at) => view.getUint16(at, true)),
  28: packed(4, (view, at) => view.getUint32(at, true)),
  29: packed(8, (view, at) => view.getBigUint64(at, true)),
  30: floatsOf,
  31: packed(8, (view, at) => view.getFloat64(at, true)),
  32: booleansOf,
  33: textsOf,
  34: packed(8, (view, at) => view.getBigUint64(at, true)),
}

/** Four bytes of count, then the bits, the first in the highest. */
function booleansOf(data: Uint8Array): Value {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const count = data.byteLength < 4 ? -1 : view.getUint32(0, true)
  if (count > mostBooleans) throw bad(`a BooleanArray has more than ${mostBooleans} values`)
  if (count < 0 || count > (data.byteLength - 4) * 8) throw bad('a BooleanArray is shorter than it says')
  return Array.from({ length: count }, (_, i) => ((view.getUint8(4 + (i >> 3)) >> (7 - (i & 7))) & 1) === 1)
}

/** Each ends with a zero byte. */
function textsOf(data: Uint8Array): Value {
  const whole = Buffer.from(data).toString('utf8')
  return whole === '' ? [] : whole.replace(/\0$/, '').split('\0')
}

/** One object a row. A row without an element for each column would let few bytes become many values. */
function dataSetOf({ columns, types, rows }: RawDataSet): Value {
  const names = columns ?? []
  return (rows ?? []).map(({ elements }) => {
    if (elements?.length !== names.length) throw bad('a row of the DataSet is not as long as its columns')
    return Object.fromEntries(names.map((name, i) => [name, cell(elements[i], types?.[i] ?? 0)] as const))
  })
}

function cell(element: RawValue | undefined, type: number): Value {
  const empty = element === undefined || Object.keys(element).length === 0
  return empty ? null : metricValue(element, type)
}

/** Its metrics by name. */
function templateOf(metrics: readonly RawMetric[], depth: number): Value {
  if (depth >= deepest) throw bad(`templates are nested deeper than ${deepest}`)
  return Object.fromEntries(
    metrics.map(metric => {
      const type = sent(metric, 'datatype') ?? 0
      const isNull = sent(metric, 'isNull') === true
      return [sent(metric, 'name') ?? '', isNull ? null : metricValue(metric, type, 'telemetry', depth + 1)]
    }),
  )
}

/** In which field of a metric a value to be written goes. @throws MillraceError `bad-type` */
export function encodable(type: number, value: Value): { field: string; value: Value } {
  const field = fieldOf(type)
  const fits =
    field === 'stringValue'
      ? typeof value === 'string'
      : field === 'booleanValue'
        ? typeof value === 'boolean'
        : isNumber(value)
  if (field === undefined || !fits) {
    throw new MillraceError(
      'bad-type',
      `${JSON.stringify(String(value))} cannot be written to datatype ${type}`,
    )
  }
  if (field !== 'intValue' && field !== 'longValue') return { field, value }
  return { field, value: bitsOf(type, value as number | bigint, field) }
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

const bitsOfType: Readonly<Record<number, readonly [bits: number, signed: boolean]>> = {
  1: [8, true],
  2: [16, true],
  3: [32, true],
  4: [64, true],
  5: [8, false],
  6: [16, false],
  7: [32, false],
  8: [64, false],
  13: [64, false],
}

function bitsOf(type: number, value: number | bigint, field: string): number | bigint {
  const [bits, isSigned] = bitsOfType[type]!
  const exact = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : undefined
  const cut =
    exact === undefined ? undefined : isSigned ? BigInt.asIntN(bits, exact) : BigInt.asUintN(bits, exact)
  if (exact === undefined || cut !== exact) {
    throw new MillraceError(
      'bad-type',
      `${value} is no ${isSigned ? '' : 'unsigned '}integer of ${bits} bits`,
    )
  }
  return field === 'intValue' ? Number(BigInt.asUintN(32, exact)) : BigInt.asUintN(64, exact)
}

function fieldOf(type: number): string | undefined {
  if ([1, 2, 3, 5, 6].includes(type)) return 'intValue'
  if ([4, 7, 8, 13].includes(type)) return 'longValue'
  const others: Readonly<Record<number, string>> = { 9: 'floatValue', 10: 'doubleValue', 11: 'booleanValue' }
  return [12, 14, 15].includes(type) ? 'stringValue' : others[type]
}
