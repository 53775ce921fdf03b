import { MillraceError, shortestFloat32, type Value } from '../../model/index.ts'
import { type Address, isBits, type NumberType } from './address.ts'

/** How a device lays out what the specification leaves open. */
export type Orders = { readonly wordOrder: 'big' | 'little'; readonly byteOrder: 'big' | 'little' }

/**
 * The value of an address out of the bytes of its registers, or of its bit in the lowest place of one byte. 64-bit
 * integers are bigints, a float32 the shortest decimal of itself, a string ends at its first NUL and loses its blanks.
 * @throws MillraceError `bad-payload` where the number of bytes is not that of the address
 */
export function decodeValue(address: Address, orders: Orders, bytes: Buffer): Value {
  const wanted = isBits(address.area) ? 1 : 2 * address.length
  if (bytes.length !== wanted) {
    throw new MillraceError('bad-payload', `${bytes.length} bytes in place of ${wanted}`)
  }
  if (isBits(address.area)) return (bytes.readUInt8(0) & 1) === 1
  const ordered = inOrder(bytes, orders, address.type !== 'string')
  if (address.type === 'bit') return ((ordered.readUInt16BE(0) >> address.bit) & 1) === 1
  if (address.type === 'string') return text(ordered)
  return decodeNumber(address.type, ordered)
}

/**
 * The registers to write.
 * @throws MillraceError `bad-type` where the value is none of the type
 */
export function encodeValue(address: Address, orders: Orders, value: Value): Buffer {
  const bytes = Buffer.alloc(2 * address.length)
  const { type } = address
  if (type === 'string') encodeText(value, bytes)
  else if (type === 'float32' || type === 'float64') encodeFloat(type, value, bytes)
  else encodeInteger(type, value, bytes)
  return inOrder(bytes, orders, address.type !== 'string')
}

/** To big endian and back: the same swaps both ways. Characters stand in the order of the registers. */
function inOrder(bytes: Buffer, { wordOrder, byteOrder }: Orders, isNumber: boolean): Buffer {
  const swapped = Buffer.from(bytes)
  if (byteOrder === 'little') swapped.swap16()
  if (wordOrder === 'big' || !isNumber) return swapped
  const words = Array.from({ length: swapped.length / 2 }, (_, i) => swapped.subarray(2 * i, 2 * i + 2))
  return Buffer.concat(words.reverse())
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end).trimEnd()
}

function encodeText(value: Value, into: Buffer): void {
  const isText = typeof value === 'string' && value.length <= into.length && /^[\x20-\xff]*$/.test(value)
  if (!isText) throw notA(value, `a text of at most ${into.length} characters (ISO 8859-1)`)
  into.write(value, 'latin1')
}

function decodeNumber(type: NumberType, bytes: Buffer): number | bigint {
  switch (type) {
    case 'int16':
      return bytes.readInt16BE(0)
    case 'uint16':
      return bytes.readUInt16BE(0)
    case 'int32':
      return bytes.readInt32BE(0)
    case 'uint32':
      return bytes.readUInt32BE(0)
    case 'int64':
      return bytes.readBigInt64BE(0)
    case 'uint64':
      return bytes.readBigUInt64BE(0)
    case 'float32':
      return shortestFloat32(bytes.readFloatBE(0))
    case 'float64':
      return bytes.readDoubleBE(0)
  }
}

function encodeInteger(type: string, value: Value, into: Buffer): void {
  const signed = type.startsWith('int')
  const bits = 8 * into.length
  const number = integerOf(value)
  const wrapped = number !== undefined && (signed ? BigInt.asIntN : BigInt.asUintN)(bits, number)
  if (number === undefined || wrapped !== number) throw notA(value, `an ${type}`)
  const hex = BigInt.asUintN(bits, number)
    .toString(16)
    .padStart(2 * into.length, '0')
  into.write(hex, 'hex')
}

function encodeFloat(type: 'float32' | 'float64', value: Value, into: Buffer): void {
  if (typeof value !== 'number') throw notA(value, `a ${type}`)
  if (type === 'float64') into.writeDoubleBE(value)
  else if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) throw notA(value, 'a float32')
  else into.writeFloatBE(value)
}

function integerOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function notA(value: Value, what: string): MillraceError {
  return new MillraceError(
    'bad-type',
    `${typeof value === 'string' ? JSON.stringify(value) : String(value)} is not ${what}`,
  )
}
