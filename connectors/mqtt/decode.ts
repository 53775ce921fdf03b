import { MillraceError, type TagClass, type Value } from '../../model/index.ts'
import type { PayloadKind } from './options.ts'

/** What a payload was read as: JSON for a path to look into, or a value. */
export type Content = { readonly json: Value } | { readonly value: Value }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws MillraceError `bad-payload` on bytes that are not of this kind */
export function contentOf(kind: PayloadKind, bytes: Uint8Array): Content {
  switch (kind) {
    case 'json':
      return { json: jsonOf(textOf(bytes)) }
    case 'number':
      return { value: numberOf(textOf(bytes)) }
    case 'boolean':
      return { value: booleanOf(textOf(bytes)) }
    case 'text':
      return { value: textOf(bytes) }
    case 'float32le':
      return { value: floatsOf(bytes) }
  }
}

function bad(what: string): MillraceError {
  return new MillraceError('bad-payload', what, {
    hint: 'Compare `payload` of the tag or subscription with what is published',
  })
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw bad('the payload is not UTF-8 text')
  }
}

/** Only where so many digits follow each other can a number be beyond what a double holds exactly. */
const longNumber = /\d{16}/

function jsonOf(text: string): Value {
  try {
    return longNumber.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
  } catch {
    throw bad(`the payload is not JSON: ${excerpt(text)}`)
  }
}

/** Integers beyond 2^53 stay exact. */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return /^-?\d{1,400}$/.test(source) ? BigInt(source) : value
}

function numberOf(text: string): number | bigint {
  const trimmed = text.trim()
  const number = Number(trimmed)
  if (trimmed === '' || Number.isNaN(number)) throw bad(`the payload is not a number: ${excerpt(text)}`)
  return /^-?\d{1,400}$/.test(trimmed) && !Number.isSafeInteger(number) ? BigInt(trimmed) : number
}

const words: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  '1': true,
  false: false,
  off: false,
  '0': false,
}

function booleanOf(text: string): boolean {
  const word = text.trim().toLowerCase()
  if (Object.hasOwn(words, word)) return words[word]!
  throw bad(`the payload is not true or false: ${excerpt(text)}`)
}

/** A copy: the bytes are a part of a longer buffer, at any alignment. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  if (bytes.byteLength % 4 !== 0) throw bad(`${bytes.byteLength} bytes are no whole float32 samples`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true))
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}

/** Deeper values are refused: nobody's machine has them, and everything behind walks values recursively. */
const deepest = 32

/**
 * The value as samples carry it: a list of numbers is a block where the tag is a waveform.
 * @throws MillraceError `bad-payload` on a value nested too deep
 */
export function asValue(value: Value, tagClass: TagClass): Value {
  if (isDeeper(value, deepest)) throw bad(`the value is nested deeper than ${deepest}`)
  const block = tagClass === 'waveform' && Array.isArray(value) && value.every(x => typeof x === 'number')
  return block ? Float32Array.from(value) : value
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false
  return levels === 0 || Object.values(value).some(part => isDeeper(part, levels - 1))
}
