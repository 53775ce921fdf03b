/**
 * Addresses as nodes7 writes them, which is what people know: `DB10,REAL4`, `DB1,X0.3`, `DB1,S20.30`, `DB1,INT2.5`
 * (an array of 5), `MW20`, `I0.1`, `T5`; and beyond it the types that nodes7 lacks.
 */
import { MillraceError } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import type { Area } from './protocol.ts'

/** Type names in the terms of IEC 61131-3 and STEP 7; DTZ and DTLZ are DATE_AND_TIME and DTL known to be UTC. */
export const typeBytes = {
  BOOL: 1,
  BYTE: 1,
  CHAR: 1,
  SINT: 1,
  USINT: 1,
  WCHAR: 2,
  WORD: 2,
  INT: 2,
  UINT: 2,
  S5TIME: 2,
  DATE: 2,
  TIMER: 2,
  COUNTER: 2,
  DWORD: 4,
  DINT: 4,
  UDINT: 4,
  REAL: 4,
  TIME: 4,
  TOD: 4,
  LWORD: 8,
  LINT: 8,
  ULINT: 8,
  LREAL: 8,
  LTIME: 8,
  LTOD: 8,
  LDT: 8,
  DATE_AND_TIME: 8,
  DTZ: 8,
  DTL: 12,
  DTLZ: 12,
  STRING: 2,
  WSTRING: 4,
} as const
export type TypeName = keyof typeof typeBytes

export type Address = {
  readonly area: Area
  /** 0 outside of data blocks */
  readonly db: number
  /** First byte; for a timer or counter twice its number. */
  readonly byte: number
  /** 0 to 7; only BOOL has one. */
  readonly bit: number
  readonly type: TypeName
  /** Declared characters of a STRING or WSTRING, 0 for other types. */
  readonly characters: number
  /** Elements of an array; undefined for a single value. */
  readonly count?: number
}

/** Short names in data blocks, as nodes7 has them. */
const aliases: Readonly<Record<string, TypeName>> = {
  X: 'BOOL',
  B: 'BYTE',
  C: 'CHAR',
  W: 'WORD',
  I: 'INT',
  DW: 'DWORD',
  DWT: 'DWORD',
  DI: 'DINT',
  R: 'REAL',
  LR: 'LREAL',
  LI: 'LINT',
  LW: 'LWORD',
  S: 'STRING',
  WS: 'WSTRING',
  DT: 'DATE_AND_TIME',
  WDT: 'DATE_AND_TIME',
  TIME_OF_DAY: 'TOD',
  LTIME_OF_DAY: 'LTOD',
  DATE_AND_LTIME: 'LDT',
}
const dbTypes: Readonly<Record<string, TypeName>> = {
  ...Object.fromEntries(Object.keys(typeBytes).map(name => [name, name as TypeName])),
  ...aliases,
}
/** What may follow the letter of a memory area: `MW20`, `IB0`, `QX0.1`. */
const memoryTypes: Readonly<Record<string, TypeName>> = {
  '': 'BOOL',
  X: 'BOOL',
  B: 'BYTE',
  C: 'CHAR',
  W: 'WORD',
  I: 'INT',
  D: 'DWORD',
  DI: 'DINT',
  R: 'REAL',
  LR: 'LREAL',
  LI: 'LINT',
}
const areas: Readonly<Record<string, Area>> = {
  M: 'M',
  I: 'I',
  E: 'I',
  Q: 'Q',
  A: 'Q',
  PI: 'P',
  PE: 'P',
  PQ: 'P',
  PA: 'P',
  T: 'T',
  C: 'C',
}
const mostCharacters = { STRING: 254, WSTRING: 16_382 } as const
const maxByte = 65_535

/** @throws MillraceError `config-invalid` saying what is wrong and the nearest right thing */
export function parseAddress(text: string): Address {
  const trimmed = text.trim()
  const meant = fromStep7(trimmed)
  if (meant !== undefined) throw invalid(text, 'is not in the syntax of nodes7', meant)
  const address = trimmed.includes(',') ? parseBlock(trimmed) : parseMemory(trimmed)
  if (address.byte + byteLength(address) - 1 > maxByte) {
    throw invalid(text, `ends beyond byte ${maxByte}, where every area ends`)
  }
  return address
}

/** Bytes that the value takes; the bits of a BOOL array share theirs. */
export function byteLength(address: Address): number {
  const { type, characters, count = 1, bit } = address
  if (type === 'BOOL') return Math.ceil((bit + count) / 8)
  return strideBytes(address) * (count - 1) + elementBytes(type, characters)
}

/** Bytes from one element of an array to the next: composite ones (strings, DTL) begin at even offsets. */
export function strideBytes({ type, characters }: Address): number {
  const bytes = elementBytes(type, characters)
  return bytes > 1 ? bytes + (bytes % 2) : bytes
}

function elementBytes(type: TypeName, characters: number): number {
  return typeBytes[type] + (type === 'WSTRING' ? 2 * characters : characters)
}

/** What is meant by an address as STEP 7 and the TIA Portal write it, or by a point in place of the comma. */
function fromStep7(text: string): string | undefined {
  const [, db, size, place] = /^%?DB(\d+)[.,]DB([XBWD])([\d.]+)$/i.exec(text) ?? []
  if (size !== undefined) return `DB${db},${size.toUpperCase().replace('D', 'DW')}${place}`
  const [, block, rest] = /^%?(DB\d+)\.(.+)$/i.exec(text) ?? []
  if (block !== undefined) return `${block},${rest}`
  return text.startsWith('%') ? text.slice(1) : undefined
}

function parseBlock(text: string): Address {
  const [block = '', rest = '', ...more] = text.split(',')
  const db = /^DB(\d{1,5})$/i.exec(block.trim())?.[1]
  if (more.length > 0) throw invalid(text, 'has more than one comma', 'DB10,REAL4')
  if (db === undefined || Number(db) === 0 || Number(db) > 65_535) {
    throw invalid(text, `"${block}" is not a data block`, `DB1,${rest.trim() || 'REAL4'}`)
  }
  const { letters, numbers } = split(text, rest.trim())
  const type = dbTypes[letters]
  if (type === undefined || type === 'TIMER' || type === 'COUNTER') {
    throw invalid(
      text,
      letters === '' ? 'has no type' : `"${letters}" is not a type`,
      suggestType(block, letters, numbers),
    )
  }
  return { area: 'DB', db: Number(db), ...place(text, `${block},${letters}`, type, numbers) }
}

function parseMemory(text: string): Address {
  const { letters, numbers } = split(text, text)
  const [, areaName = '', typeName = ''] = /^(P[IEQA]|[MIEQATC])(.*)$/.exec(letters) ?? []
  const area = areas[areaName]
  if (area === undefined) {
    const hint = `M${letters.slice(1)}${numbers.join('.')}`
    throw invalid(text, 'is in no memory area (DB, M, I, Q, PI, PQ, T, C)', hint)
  }
  if (area === 'T' || area === 'C') return parseTimer(text, area, typeName, numbers)
  const type = memoryTypes[typeName]
  if (type === undefined || (area === 'P' && type === 'BOOL')) {
    throw invalid(text, `"${typeName}" is not a type of area ${areaName}`, `${areaName}W${numbers.join('.')}`)
  }
  return { area, db: 0, ...place(text, letters, type, numbers) }
}

function parseTimer(text: string, area: 'T' | 'C', typeName: string, numbers: readonly number[]): Address {
  const [number = 0, count] = numbers
  if (typeName !== '' || numbers.length > 2)
    throw invalid(text, 'is not a timer or counter', `${area}${number}`)
  const type = area === 'T' ? 'TIMER' : 'COUNTER'
  return { area, db: 0, byte: 2 * number, bit: 0, type, characters: 0, ...arrayOf(text, count, area) }
}

type Place = Omit<Address, 'area' | 'db'>

/** What the numbers mean: byte, then a bit or a string's length where the type has one, then the array's length. */
function place(text: string, prefix: string, type: TypeName, numbers: readonly number[]): Place {
  const [byte = 0, ...rest] = numbers
  const takes = type === 'BOOL' || type === 'STRING' || type === 'WSTRING'
  const [second, count] = takes ? rest : [undefined, ...rest]
  if (rest.length > (takes ? 2 : 1)) throw invalid(text, 'has too many numbers', `${prefix}${byte}`)
  if (takes && second === undefined) {
    const [what, example] = type === 'BOOL' ? ['bit number (0 to 7)', 0] : ['declared length', 254]
    throw invalid(text, `lacks its ${what}`, `${prefix}${byte}.${example}`)
  }
  if (type === 'BOOL' && second! > 7)
    throw invalid(text, `has no bit ${second}`, `${prefix}${byte + (second! >> 3)}.${second! % 8}`)
  const characters = type === 'BOOL' ? 0 : (second ?? 0)
  checkCharacters(text, type, characters, `${prefix}${byte}`)
  const bit = type === 'BOOL' ? second! : 0
  return {
    byte,
    bit,
    type,
    characters,
    ...arrayOf(text, count, `${prefix}${byte}${takes ? `.${second}` : ''}`),
  }
}

function checkCharacters(text: string, type: TypeName, characters: number, prefix: string): void {
  if (type !== 'STRING' && type !== 'WSTRING') return
  const most = mostCharacters[type]
  if (characters >= 1 && characters <= most) return
  throw invalid(text, `a ${type} has 1 to ${most} characters`, `${prefix}.${characters < 1 ? 1 : most}`)
}

function arrayOf(text: string, count: number | undefined, single: string): { count?: number } {
  if (count === undefined) return {}
  if (count === 0) throw invalid(text, 'is an array of no elements', single)
  return { count }
}

function split(text: string, part: string): { letters: string; numbers: number[] } {
  // S5TIME is the one type with a digit in its name.
  const match = /^(S5TIME|[A-Z_]*?)(\d[\d.]*)?$/i.exec(part)
  if (!match) throw invalid(text, `"${part}" is not a type with a byte offset`, 'DB10,REAL4')
  const [, letters = '', digits] = match
  if (digits === undefined) throw invalid(text, 'lacks a byte offset', `${text}0`)
  const numbers = digits.split('.')
  if (numbers.some(number => !/^\d{1,7}$/.test(number)))
    throw invalid(text, `"${digits}" has an empty or too long number`)
  return { letters: letters.toUpperCase(), numbers: numbers.map(Number) }
}

function suggestType(block: string, letters: string, numbers: readonly number[]): string {
  return `${block},${nearest(letters, Object.keys(dbTypes)) ?? 'REAL'}${numbers.join('.')}`
}

function invalid(text: string, what: string, suggestion?: string): MillraceError {
  return new MillraceError('config-invalid', `S7 address "${text}": ${what}`, {
    hint:
      suggestion === undefined
        ? 'Write it like DB10,REAL4 or DB1,X0.3 or MW20'
        : `Did you mean ${suggestion}?`,
  })
}
