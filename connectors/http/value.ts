import { qualityOf, type StatusCode, type Tag, type Value } from '../../model/index.ts'

export type Checked = { readonly value: Value } | { readonly wrong: string; readonly hint: string }

const deepest = 8
const words: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}
const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,4})?$/i
const integer = /^[+-]?\d{1,30}$/

/** A value as it was posted, fit for its tag: a good one is there; one that is computed with is a number. */
export function checkedValue(tag: Tag, posted: unknown, status: StatusCode): Checked {
  if (posted === null || posted === undefined) {
    if (qualityOf(status) !== 'good') return { value: null }
    return { wrong: 'there is no value', hint: 'Leave the sample out, or give it a bad status' }
  }
  if (tag.class === 'waveform') return waveform(posted)
  if (!isComputedWith(tag) || typeof posted === 'number' || typeof posted === 'bigint') return plain(posted)
  const number = typeof posted === 'string' ? numberIn(posted) : undefined
  if (number !== undefined) return { value: number }
  return {
    wrong: `${JSON.stringify(posted)?.slice(0, 40)} is not a number`,
    hint: `The tag ${tag.name} has a scale, offset or range: it takes numbers`,
  }
}

/** A cell of a CSV file: a number, true or false, else text. An empty one is nothing. */
export function cellValue(cell: string): Checked {
  const text = cell.trim()
  if (text === '') return { value: null }
  if (text === 'true' || text === 'false') return { value: text === 'true' }
  const number = numberIn(text)
  if (number !== undefined) return { value: number }
  if (/^[+-]?\d+,\d+$/.test(text)) {
    return { wrong: `"${text}" has a decimal comma`, hint: `Write ${text.replace(',', '.')}` }
  }
  return { value: cell }
}

/** `good`, `uncertain`, `bad` or an OPC UA status code; an empty text is good. */
export function statusOf(text: string): StatusCode | undefined {
  const written = text.trim().toLowerCase()
  const known = { '': 0, good: 0, uncertain: 0x40000000, bad: 0x80000000 }[written]
  if (known !== undefined) return known
  const code = /^(0x[0-9a-f]{1,8}|\d{1,10})$/.test(written) ? Number(written) : Number.NaN
  return isStatus(code) ? code : undefined
}

export function isStatus(code: unknown): code is StatusCode {
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 0xffffffff
}

function isComputedWith({ scale, offset, range }: Tag): boolean {
  return scale !== undefined || offset !== undefined || range !== undefined
}

/** Exact: an integer that a double cannot hold is a bigint. */
function numberIn(text: string): number | bigint | undefined {
  if (Object.hasOwn(words, text)) return words[text]
  if (!decimal.test(text)) return undefined
  const number = Number(text)
  if (!Number.isFinite(number)) return undefined
  if (!integer.test(text) || Number.isSafeInteger(number)) return number
  return BigInt(text.replace('+', ''))
}

function waveform(posted: unknown): Checked {
  const isBlock = Array.isArray(posted) && posted.length > 0 && posted.every(one => typeof one === 'number')
  if (isBlock) return { value: Float32Array.from(posted) }
  return { wrong: 'a waveform is a list of numbers', hint: 'Post the block as JSON: "value": [[0.1, 0.2]]' }
}

function plain(posted: unknown): Checked {
  if (isValue(posted, deepest)) return { value: posted }
  return {
    wrong: `the value is nested deeper than ${deepest} levels`,
    hint: 'Post its parts as tags of their own',
  }
}

function isValue(posted: unknown, levels: number): posted is Value {
  if (typeof posted !== 'object' || posted === null) return true
  return levels > 0 && Object.values(posted).every(part => isValue(part, levels - 1))
}
