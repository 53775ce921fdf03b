import { MillraceError, shortestFloat32, type Tag, type Value } from '../../model/index.ts'
import { type Address, byteLength, strideBytes, type TypeName, typeBytes } from './address.ts'
import * as clock from './clock.ts'
import * as day from './day.ts'
import * as text from './text.ts'

/** One element's bytes to its value and back; `at` is where the element begins. Everything in S7 is big endian. */
type Codec = {
  decode(bytes: Buffer, at: number, address: Address): Value
  /** @throws MillraceError `bad-type` */
  encode(value: Value, into: Buffer, at: number, address: Address): void
}

/**
 * The value of an address, exact: 64-bit integers are bigints, a REAL is the shortest decimal of its float32, durations
 * are milliseconds (TIME, S5TIME, TIMER) or nanoseconds (LTIME), points in time, dates and times of day ISO 8601 text,
 * arrays of CHAR or WCHAR one string.
 * @throws MillraceError `bad-payload` where the bytes are no value of the type
 */
export function decodeValue(address: Address, bytes: Buffer, kind: Tag['class'] = 'telemetry'): Value {
  if (bytes.length !== byteLength(address)) {
    throw new MillraceError('bad-payload', `${bytes.length} bytes in place of ${byteLength(address)}`)
  }
  if (address.type === 'CHAR') return bytes.toString('latin1')
  if (address.type === 'WCHAR') return text.decodeWide(bytes)
  if (address.count === undefined) return decodeElement(address, bytes, 0)
  const values = Array.from({ length: address.count }, (_, i) => decodeElement(address, bytes, i))
  return kind === 'waveform' ? Float32Array.from(values as number[]) : values
}

/** The same for a value that is no array and no text, out of bytes of more than itself; undefined for the others. */
export function decodeScalar(address: Address, bytes: Buffer, start: number): Value | undefined {
  const { type, count } = address
  if (count !== undefined || !(type in integers || type === 'REAL' || type === 'LREAL')) return undefined
  if (start + typeBytes[type] > bytes.length) return undefined
  return codecs[type].decode(bytes, start, address)
}

/** The bytes to write. BOOL arrays are not among them: their first and last byte hold other bits. @throws MillraceError `bad-type` */
export function encodeValue(address: Address, value: Value): Buffer {
  const bytes = Buffer.alloc(byteLength(address))
  if (address.type === 'CHAR') text.encodeChars(value, bytes)
  else if (address.type === 'WCHAR') text.encodeWideChars(value, bytes)
  else if (address.count === undefined) encodeElement(address, value, bytes, 0)
  else {
    const values = value instanceof Float32Array ? Array.from(value) : value
    if (!isList(values) || values.length !== address.count) {
      throw new MillraceError('bad-type', `an array of ${address.count} ${address.type} is needed`)
    }
    for (const [i, element] of values.entries()) encodeElement(address, element, bytes, i)
  }
  return bytes
}

/** Whether a value of this type is a plain number, so that an array of it can be a waveform. */
export function isPlainNumber({ type }: Address): boolean {
  return type in integers || type === 'REAL' || type === 'LREAL'
}

/** The number of an integer address, of any width; undefined for other types. */
export function integerOf(address: Address, value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && address.type in integers ? BigInt(value) : undefined
}

function decodeElement(address: Address, bytes: Buffer, index: number): Value {
  if (address.type === 'BOOL') {
    const bit = address.bit + index
    return ((bytes.readUInt8(bit >> 3) >> (bit & 7)) & 1) === 1
  }
  return codecs[address.type].decode(bytes, index * strideBytes(address), address)
}

function encodeElement(address: Address, value: Value, bytes: Buffer, index: number): void {
  codecs[address.type].encode(value, bytes, index * strideBytes(address), address)
}

const integers = {
  BYTE: integer(1, false),
  USINT: integer(1, false),
  SINT: integer(1, true),
  WORD: integer(2, false),
  UINT: integer(2, false),
  INT: integer(2, true),
  DWORD: integer(4, false),
  UDINT: integer(4, false),
  DINT: integer(4, true),
  TIME: integer(4, true),
} satisfies Partial<Record<TypeName, Codec>>

const codecs: Readonly<Record<TypeName, Codec>> = {
  ...integers,
  BOOL: {
    decode: (bytes, at) => bytes.readUInt8(at) !== 0,
    encode(value, into, at) {
      if (typeof value !== 'boolean') throw new MillraceError('bad-type', 'a BOOL is true or false')
      into.writeUInt8(value ? 1 : 0, at)
    },
  },
  LWORD: longInteger(false),
  ULINT: longInteger(false),
  LINT: longInteger(true),
  LTIME: longInteger(true),
  REAL: {
    decode: (bytes, at) => shortestFloat32(bytes.readFloatBE(at)),
    encode(value, into, at) {
      const number = realNumber(value)
      if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) {
        throw new MillraceError('bad-type', `${number} is beyond the range of a REAL`)
      }
      into.writeFloatBE(number, at)
    },
  },
  LREAL: {
    decode: (bytes, at) => bytes.readDoubleBE(at),
    encode: (value, into, at) => void into.writeDoubleBE(realNumber(value), at),
  },
  CHAR: { decode: (bytes, at) => bytes.toString('latin1', at, at + 1), encode: readOnly },
  WCHAR: { decode: (bytes, at) => text.decodeWide(bytes.subarray(at, at + 2)), encode: readOnly },
  STRING: { decode: text.decodeString, encode: text.encodeString },
  WSTRING: { decode: text.decodeWideString, encode: text.encodeWideString },
  S5TIME: { decode: clock.decodeS5Time, encode: clock.encodeS5Time },
  TIMER: { decode: clock.decodeS5Time, encode: readOnly },
  COUNTER: { decode: clock.decodeCounter, encode: readOnly },
  DATE: { decode: day.decodeDate, encode: day.encodeDate },
  TOD: { decode: day.decodeTimeOfDay, encode: day.encodeTimeOfDay },
  LTOD: { decode: day.decodeLongTimeOfDay, encode: day.encodeLongTimeOfDay },
  LDT: { decode: clock.decodeLongDateAndTime, encode: clock.encodeLongDateAndTime },
  DATE_AND_TIME: { decode: clock.decodeDateAndTime, encode: clock.encodeDateAndTime },
  DTZ: { decode: (bytes, at) => `${clock.decodeDateAndTime(bytes, at)}Z`, encode: clock.encodeDateAndTime },
  DTL: { decode: clock.decodeDtl, encode: clock.encodeDtl },
  DTLZ: { decode: (bytes, at) => `${clock.decodeDtl(bytes, at)}Z`, encode: clock.encodeDtl },
}

function integer(size: 1 | 2 | 4, signed: boolean): Codec {
  const low = signed ? -(2 ** (8 * size - 1)) : 0
  const high = 2 ** (8 * size - (signed ? 1 : 0)) - 1
  return {
    decode: (bytes, at) => (signed ? bytes.readIntBE(at, size) : bytes.readUIntBE(at, size)),
    encode(value, into, at) {
      const number = Number(value)
      if (
        (typeof value !== 'number' && typeof value !== 'bigint') ||
        !Number.isInteger(number) ||
        number < low ||
        number > high
      ) {
        throw new MillraceError('bad-type', `${String(value)} is not an integer from ${low} to ${high}`)
      }
      if (signed) into.writeIntBE(number, at, size)
      else into.writeUIntBE(number, at, size)
    },
  }
}

function longInteger(signed: boolean): Codec {
  const wrap = signed ? BigInt.asIntN : BigInt.asUintN
  return {
    decode: (bytes, at) => (signed ? bytes.readBigInt64BE(at) : bytes.readBigUInt64BE(at)),
    encode(value, into, at) {
      const exact = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
      const number = exact ? BigInt(value) : undefined
      if (number === undefined || wrap(64, number) !== number) {
        throw new MillraceError(
          'bad-type',
          `${String(value)} is not a ${signed ? '' : 'un'}signed 64-bit integer`,
        )
      }
      if (signed) into.writeBigInt64BE(number, at)
      else into.writeBigUInt64BE(number, at)
    },
  }
}

function realNumber(value: Value): number {
  if (typeof value !== 'number') throw new MillraceError('bad-type', `${String(value)} is not a number`)
  return value
}

function readOnly(): never {
  throw new MillraceError('unsupported', 'timers, counters and single characters of arrays are not written')
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
