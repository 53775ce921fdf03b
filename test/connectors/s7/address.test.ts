import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, byteLength, parseAddress } from '../../../connectors/s7/address.ts'
import { MillraceError } from '../../../model/index.ts'

const { area, db, byte } = { area: 'DB', db: 1, byte: 0 } as const

describe('S7 addresses', () => {
  test.each<[string, Partial<Address>, number]>([
    ['DB10,REAL4', { area, db: 10, byte: 4, type: 'REAL' }, 4],
    ['db10,r4', { area, db: 10, byte: 4, type: 'REAL' }, 4],
    ['DB1,X0.3', { area, db, byte, bit: 3, type: 'BOOL' }, 1],
    ['DB1,X14.6.12', { byte: 14, bit: 6, type: 'BOOL', count: 12 }, 3],
    ['DB1,S20.30', { byte: 20, type: 'STRING', characters: 30 }, 32],
    ['DB1,S20.30.3', { byte: 20, type: 'STRING', characters: 30, count: 3 }, 96],
    ['DB1,STRING0.5.2', { type: 'STRING', characters: 5, count: 2 }, 15], // the second begins at an even offset
    ['DB1,WSTRING2.10', { type: 'WSTRING', characters: 10 }, 24],
    ['DB1,INT2.5', { byte: 2, type: 'INT', count: 5 }, 10],
    ['DB1,C22.30', { byte: 22, type: 'CHAR', count: 30 }, 30],
    ['DB1,S5TIME10', { byte: 10, type: 'S5TIME' }, 2],
    ['DB1,DTL0', { type: 'DTL' }, 12],
    ['DB1,DT8', { byte: 8, type: 'DATE_AND_TIME' }, 8],
    ['DB1,DATE_AND_TIME8', { byte: 8, type: 'DATE_AND_TIME' }, 8],
    ['DB1,ULINT8', { type: 'ULINT' }, 8],
    ['DB1,USINT3', { byte: 3, type: 'USINT' }, 1],
    ['MW20', { area: 'M', db: 0, byte: 20, type: 'WORD' }, 2],
    ['M3.7', { area: 'M', byte: 3, bit: 7, type: 'BOOL' }, 1],
    ['IB0', { area: 'I', type: 'BYTE' }, 1],
    ['E0.1', { area: 'I', bit: 1, type: 'BOOL' }, 1],
    ['QX0.1', { area: 'Q', bit: 1, type: 'BOOL' }, 1],
    ['AW4.2', { area: 'Q', byte: 4, type: 'WORD', count: 2 }, 4],
    ['PIW272', { area: 'P', byte: 272, type: 'WORD' }, 2],
    ['T5', { area: 'T', byte: 10, type: 'TIMER' }, 2],
    ['C7.3', { area: 'C', byte: 14, type: 'COUNTER', count: 3 }, 6],
  ])('%s', (text, expected, length) => {
    const address = parseAddress(text)
    expect(address).toMatchObject(expected)
    expect(byteLength(address)).toBe(length)
  })

  test.each([
    ['DB10,REEL4', 'is not a type', 'DB10,REAL4'],
    ['DB10.REAL4', 'not in the syntax', 'DB10,REAL4'],
    ['DB10.DBD4', 'not in the syntax', 'DB10,DW4'],
    ['%DB1.DBX0.3', 'not in the syntax', 'DB1,X0.3'],
    ['%MW20', 'not in the syntax', 'MW20'],
    ['DB10,4', 'has no type', 'DB10,'],
    ['DB10,REAL', 'lacks a byte offset', 'DB10,REAL0'],
    ['DB1,X0', 'lacks its bit number', 'DB1,X0.0'],
    ['DB1,X0.9', 'no bit 9', 'DB1,X1.1'],
    ['DB1,S20', 'lacks its declared length', 'DB1,S20.254'],
    ['DB1,S20.300', '1 to 254 characters', 'DB1,S20.254'],
    ['DB1,INT2.0', 'no elements', 'DB1,INT2'],
    ['DB0,INT2', 'not a data block', 'DB1,INT2'],
    ['X1,INT2', 'not a data block', 'DB1,INT2'],
    ['DB1,INT2,3', 'more than one comma', 'DB10,REAL4'],
    ['DB1,INT65535', 'beyond byte 65535', 'DB10,REAL4'],
    ['DB1,INT2.5.5', 'too many numbers', 'DB1,INT2'],
    ['DB1,INT2..5', 'empty', ''],
    ['ZW20', 'no memory area', 'MW20'],
    ['MQ20', 'not a type of area M', 'MW20'],
    ['TW5', 'not a timer', 'T5'],
    ['PI0.0', 'not a type of area PI', 'PIW0.0'],
    ['DB1,TIMER5', 'not a type', 'DB1,'],
    ['', 'lacks a byte offset', ''],
  ])('"%s" is refused: %s', (text, what, suggestion) => {
    const refused = expect.objectContaining({
      code: 'config-invalid',
      message: expect.stringContaining(what),
      hint: expect.stringContaining(suggestion),
    })
    expect(() => parseAddress(text)).toThrow(refused)
  })

  test('a suggestion can itself be read', () => {
    const texts = [
      'DB10,REEL4',
      'DB1,X0',
      'DB1,X0.9',
      'DB1,S20',
      'DB1,S20.300',
      'DB1,INT2.0',
      'X1,INT2',
      'ZW20',
      'TW5',
    ]
    for (const text of texts) {
      const hint = thrownBy(() => parseAddress(text)).hint ?? ''
      const [, suggestion = ''] = /Did you mean (.*)\?/.exec(hint) ?? []
      expect(() => parseAddress(suggestion), `${text}: ${hint}`).not.toThrow()
    }
  })

  test('random text throws coded errors only', () => {
    const letters = fc.constantFrom(
      'DB',
      'M',
      'I',
      'REAL',
      'X',
      'S',
      ',',
      '.',
      '1',
      '20',
      '7',
      ' ',
      'WSTRING',
      'é',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(letters, { maxLength: 8 }).map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(text, text => {
        try {
          expect(byteLength(parseAddress(text))).toBeGreaterThan(0)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

function thrownBy(work: () => unknown): MillraceError {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown
  }
  throw new Error('nothing thrown')
}

/** What nodes7 makes of an address: a field of its item list, private by convention only. */
type Nodes7Item = {
  addrtype: string
  datatype: string
  dbNumber: number
  offset: number
  bitOffset: number
  arrayLength: number
  byteLength: number
}
type Nodes7 = { addItemsNow(text: string): void; polledReadBlockList: Nodes7Item[]; connectionParams: object }
const NodeS7 = createRequire(import.meta.url)('nodes7') as new (options: { silent: boolean }) => Nodes7

function nodes7(text: string): Nodes7Item | undefined {
  const connection = new NodeS7({ silent: true })
  connection.connectionParams = {}
  connection.addItemsNow(text)
  return connection.polledReadBlockList[0]
}

/** nodes7's name of a type. */
const names: Readonly<Partial<Record<Address['type'], string>>> = {
  BOOL: 'X',
  DATE_AND_TIME: 'DT',
  STRING: 'STRING',
}

describe('the same address means the same as in nodes7', () => {
  const dbTypes =
    'B C W I DW DI R LR LI BYTE CHAR WORD INT DWORD DINT REAL LREAL LINT DT DTZ DTL DTLZ DWT WDT'.split(' ')
  const memoryTypes = 'B C W I D DI R LR LI'.split(' ')
  const offset = fc.nat(4000)
  const suffix = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined })
  const withSuffix = (text: string, count: number | undefined) =>
    count === undefined ? text : `${text}.${count}`
  const inBlock = fc
    .tuple(fc.integer({ min: 1, max: 60_000 }), fc.constantFrom(...dbTypes), offset, suffix)
    .map(([db, type, byte, count]) => withSuffix(`DB${db},${type}${byte}`, count))
  const bit = fc
    .tuple(fc.integer({ min: 1, max: 99 }), offset, fc.nat(7), suffix)
    .map(([db, byte, bit, count]) => withSuffix(`DB${db},X${byte}.${bit}`, count))
  const evenString = fc
    .tuple(offset, fc.integer({ min: 1, max: 127 }), suffix)
    .map(([byte, half, count]) => withSuffix(`DB3,S${byte}.${2 * half}`, count))
  const inMemory = fc
    .tuple(fc.constantFrom('M', 'I', 'Q', 'E', 'A'), fc.constantFrom(...memoryTypes), offset, suffix)
    .map(([area, type, byte, count]) => withSuffix(`${area}${type}${byte}`, count))
  const memoryBit = fc
    .tuple(fc.constantFrom('M', 'I', 'Q'), offset, fc.nat(7))
    .map(([area, byte, bit]) => `${area}${byte}.${bit}`)
  const peripheral = fc
    .tuple(fc.constantFrom('PI', 'PQ', 'PE', 'PA'), fc.constantFrom('B', 'W', 'I', 'D', 'DI', 'R'), offset)
    .map(parts => parts.join(''))
  const timer = fc.tuple(fc.constantFrom('T', 'C'), fc.nat(500)).map(parts => parts.join(''))

  test('over areas, types, offsets, bits, lengths and arrays', () => {
    fc.assert(
      fc.property(fc.oneof(inBlock, bit, evenString, inMemory, memoryBit, peripheral, timer), text => {
        const theirs = nodes7(text)
        const ours = parseAddress(text)
        expect(theirs, text).toBeDefined()
        const isTimer = ours.type === 'TIMER' || ours.type === 'COUNTER'
        expect({
          area: ours.area,
          db: ours.db,
          offset: isTimer ? ours.byte / 2 : ours.byte,
          bit: ours.bit,
          count: ours.count ?? 1,
          bytes: byteLength(ours),
        }).toEqual({
          area: theirs!.addrtype,
          db: theirs!.dbNumber,
          offset: theirs!.offset,
          bit: theirs!.datatype === 'X' ? theirs!.bitOffset : 0,
          count: theirs!.arrayLength,
          bytes: theirs!.byteLength,
        })
        const long: Record<string, string> = { B: 'BYTE', C: 'CHAR', S: 'STRING' }
        expect(names[ours.type] ?? ours.type).toBe(long[theirs!.datatype] ?? theirs!.datatype)
      }),
      { numRuns: 2000 },
    )
  })

  test('it goes beyond: types that nodes7 does not have', () => {
    for (const type of ['SINT', 'USINT', 'UINT', 'UDINT', 'ULINT', 'LWORD', 'TIME', 'WSTRING']) {
      const text = type === 'WSTRING' ? 'DB1,WSTRING0.4' : `DB1,${type}0`
      expect(nodes7(text), text).toBeUndefined()
      expect(parseAddress(text).type).toBe(type)
    }
  })
})
