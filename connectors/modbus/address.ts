import { MillraceError } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'

/** The four tables of a device (Modbus Application Protocol V1.1b3, 4.3). */
export const areas = ['coil', 'discrete', 'input', 'holding'] as const
export type Area = (typeof areas)[number]

/** Registers that a value of the type takes; a string's depend on its length, a bit has no register of its own. */
export const typeRegisters = {
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
} as const
export type NumberType = keyof typeof typeRegisters
export type TypeName = NumberType | 'string' | 'bit'

export type Address = {
  readonly area: Area
  /** From 0, as it goes over the wire. */
  readonly start: number
  /** Registers, or 1 coil or input. */
  readonly length: number
  readonly type: TypeName
  /** Of a register, 0 the lowest; 0 in coils and discrete inputs. */
  readonly bit: number
}

/** Most characters: a string is read in one request of 125 registers. */
const mostCharacters = 250
const lastAddress = 65_535
const bitAreas: readonly Area[] = ['coil', 'discrete']

export const isBits = (area: Area): boolean => bitAreas.includes(area)

/** @throws MillraceError `config-invalid` saying what is wrong and the nearest right thing */
export function parseAddress(text: string): Address {
  const [place = '', type, ...more] = text.trim().split(':')
  if (more.length > 0) throw invalid(text, 'has more than one colon')
  const [, where = '', bit] = /^(.*?)(?:\.(\d{1,2}))?$/.exec(place) ?? []
  const { area, start } = where.includes('/') ? named(text, where) : numbered(text, where)
  const parsed = isBits(area)
    ? singleBit(text, { area, start }, bit, type)
    : registers(text, { area, start }, bit, type)
  if (parsed.start + parsed.length - 1 > lastAddress) throw invalid(text, `ends beyond ${lastAddress}`)
  return parsed
}

type Place = Pick<Address, 'area' | 'start'>

function named(text: string, where: string): Place {
  const [name = '', number = '', ...more] = where.split('/')
  const area = areas.find(area => area === name.toLowerCase())
  if (area === undefined) {
    throw invalid(
      text,
      `"${name}" is not an area (${areas.join(', ')})`,
      `${nearest(name, areas) ?? 'holding'}/${number || 0}`,
    )
  }
  if (more.length > 0 || !/^\d{1,5}$/.test(number)) throw invalid(text, 'lacks a number from 0', `${area}/0`)
  return { area, start: Number(number) }
}

/** As manuals number them: one digit for the area, then four or five, from 1. */
function numbered(text: string, where: string): Place {
  const [, digit = '', number = ''] = /^([0134])(\d{4,5})$/.exec(where) ?? []
  const area = { '0': 'coil', '1': 'discrete', '3': 'input', '4': 'holding' }[digit] as Area | undefined
  if (area === undefined)
    throw invalid(text, 'is neither area/number nor five or six digits beginning with 0, 1, 3, 4')
  if (Number(number) === 0) throw invalid(text, 'counts from 1', `${digit}${number.slice(0, -1)}1`)
  return { area, start: Number(number) - 1 }
}

function singleBit(text: string, place: Place, bit: string | undefined, type: string | undefined): Address {
  const plain = `${place.area}/${place.start}`
  if (bit !== undefined) throw invalid(text, `a ${place.area} has no bits, it is one`, plain)
  if (type !== undefined && type !== 'bit')
    throw invalid(text, `a ${place.area} is a bit, not ${type}`, plain)
  return { ...place, length: 1, type: 'bit', bit: 0 }
}

function registers(text: string, place: Place, bit: string | undefined, type: string | undefined): Address {
  const plain = `${place.area}/${place.start}`
  if (bit !== undefined) {
    if (Number(bit) > 15) throw invalid(text, 'a register has the bits 0 to 15', `${plain}.15`)
    if (type !== undefined && type !== 'bit') throw invalid(text, `a bit is not ${type}`, `${plain}.${bit}`)
    return { ...place, length: 1, type: 'bit', bit: Number(bit) }
  }
  if (type === undefined) return { ...place, length: 1, type: 'uint16', bit: 0 }
  if (type === 'bit') throw invalid(text, 'lacks the number of the bit', `${plain}.0`)
  const [, characters] = /^string(\d{1,3})?$/.exec(type) ?? []
  if (type.startsWith('string')) return string(text, place, characters)
  const known = Object.keys(typeRegisters).find(name => name === type) as NumberType | undefined
  if (known === undefined) {
    const meant = nearest(type, [...Object.keys(typeRegisters), 'string16']) ?? 'uint16'
    throw invalid(text, `"${type}" is not a type`, `${plain}:${meant}`)
  }
  return { ...place, length: typeRegisters[known], type: known, bit: 0 }
}

function string(text: string, place: Place, characters: string | undefined): Address {
  const count = Number(characters ?? 0)
  if (count < 1 || count > mostCharacters) {
    throw invalid(
      text,
      `a string has 1 to ${mostCharacters} characters`,
      `${place.area}/${place.start}:string16`,
    )
  }
  return { ...place, length: Math.ceil(count / 2), type: 'string', bit: 0 }
}

function invalid(text: string, what: string, suggestion?: string): MillraceError {
  return new MillraceError('config-invalid', `Modbus address "${text}": ${what}`, {
    hint:
      suggestion === undefined
        ? 'Write it like holding/100:float32, coil/3 or 40101:float32'
        : `Did you mean ${suggestion}?`,
  })
}
