import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteLength, parseAddress } from '../../../../connectors/s7/address.ts'
import { blocksOf, importDbSource } from '../../../../connectors/s7/symbols/source.ts'
import { Symbols } from '../../../../connectors/s7/symbols/table.ts'
import { MillraceError } from '../../../../model/index.ts'

const text = (name: string) => readFileSync(new URL(`./sources/${name}`, import.meta.url), 'utf8')
const press = text('press.db')
const step7 = text('step7.awl')
const brief = (source: string, numbers?: Record<string, number>) =>
  importDbSource(source, numbers).map(({ symbol, address }) => [symbol, address])
const block = (members: string) => `DATA_BLOCK DB 1\nSTRUCT\n${members}\nEND_STRUCT;\nBEGIN\nEND_DATA_BLOCK`

describe('the source of a data block', () => {
  test('of the TIA Portal: every tag has its offset', () => {
    expect(brief(press, { DB_Press: 10 })).toEqual([
      ['"DB_Press".Ready', 'DB10,X0.0'],
      ['"DB_Press".Automatic', 'DB10,X0.1'],
      ['"DB_Press".Step', 'DB10,BYTE1'],
      ['"DB_Press".Mode', 'DB10,USINT2'],
      ['"DB_Press".Spindle.Speed', 'DB10,REAL4'],
      ['"DB_Press".Spindle."Oil Temp"', 'DB10,REAL8'],
      ['"DB_Press".Spindle.Bits', 'DB10,X12.0.11'],
      ['"DB_Press".Spindle.After', 'DB10,X14.0'],
      ['"DB_Press".Motors[1].Running', 'DB10,X16.0'],
      ['"DB_Press".Motors[1].Fault', 'DB10,X16.1'],
      ['"DB_Press".Motors[1].Speed', 'DB10,REAL18'],
      ['"DB_Press".Motors[1].Hours', 'DB10,UDINT22'],
      ['"DB_Press".Motors[2].Running', 'DB10,X26.0'],
      ['"DB_Press".Motors[2].Fault', 'DB10,X26.1'],
      ['"DB_Press".Motors[2].Speed', 'DB10,REAL28'],
      ['"DB_Press".Motors[2].Hours', 'DB10,UDINT32'],
      ['"DB_Press".Name', 'DB10,STRING36.7'],
      ['"DB_Press".Curve', 'DB10,INT46.4'],
      ['"DB_Press".Short', 'DB10,SINT54'],
      ['"DB_Press".Matrix', 'DB10,REAL56.4'],
      ['"DB_Press".Stamp', 'DB10,DTL72'],
      ['"DB_Press".Shift', 'DB10,TOD84'],
      ['"DB_Press".Text', 'DB10,WSTRING88.3'],
      ['"DB_Press".Letters', 'DB10,CHAR98.3'],
      ['"DB_Press".Big', 'DB10,LINT102'],
      ['"DB_Press".Last', 'DB10,X110.0'],
    ])
  })

  test('types and comments are told', () => {
    const tags = importDbSource(press, { DB_Press: 10 })
    const of = (symbol: string) => tags.find(tag => tag.symbol === `"DB_Press".${symbol}`)
    expect(of('Motors[2].Speed')).toMatchObject({ type: 'REAL', comment: '1/min' })
    expect(of('Name')).toMatchObject({ type: 'STRING[7]' })
    expect(of('Matrix')).toMatchObject({ type: 'ARRAY[0..1,1..2] OF REAL', comment: '56.0' })
    expect(of('Motors[1].Fault')).not.toHaveProperty('comment')
  })

  test('of STEP 7: absolute blocks, UDTs by number, a block that is of a type', () => {
    expect(brief(step7)).toEqual([
      ['DB10.Tools[1].Wear', 'DB10,REAL0'],
      ['DB10.Tools[1].Broken', 'DB10,X4.0'],
      ['DB10.Tools[2].Wear', 'DB10,REAL6'],
      ['DB10.Tools[2].Broken', 'DB10,X10.0'],
      ['DB10.Tools[3].Wear', 'DB10,REAL12'],
      ['DB10.Tools[3].Broken', 'DB10,X16.0'],
      ['DB10.Counts', 'DB10,INT18.3'],
      ['DB10.Old', 'DB10,S5TIME24'],
      ['DB10.Day', 'DB10,DATE26'],
      ['DB10.When', 'DB10,DATE_AND_TIME28'],
      // ANY has ten bytes and no value.
      ['DB10.Inner.Flag', 'DB10,X46.0'],
      ['DB10.Inner.Letter', 'DB10,CHAR47'],
      ['DB10.Inner.Deep.Flag', 'DB10,X48.0'],
      ['DB10.Label', 'DB10,STRING50.20'],
      ['DB10.End', 'DB10,X72.0'],
      ['DB11.Wear', 'DB11,REAL0'],
      ['DB11.Broken', 'DB11,X4.0'],
    ])
    expect(importDbSource(step7)[6]?.comment).toBe('Zähler')
  })

  test.each([
    ['an optimised block', press.replace("'FALSE'", "'TRUE'"), 'optimised access', 'Optimized block access'],
    ['a block without a number', press, 'number of the data block "DB_Press"', '{ DB_Press: 10 }'],
    ['a type that is not there', block('a : "UDT_Other";'), '"UDT_Other" is not in the source', 'Export it'],
    ['an unknown type', block('a : TON_TIME;'), '"TON_TIME" is not in the source', 'Export it'],
    ['a constant as bound', block('a : ARRAY[0.."MAX"] OF INT;'), 'line 3', 'Export'],
    ['rows of no whole words', block('a : ARRAY[0..1,0..2] OF BYTE;'), 'no whole words', 'apart'],
    ['a bit behind a text of odd length', block('a : STRING[3];\nb : BOOL;'), 'odd length', 'even length'],
    ['too long a block', block('a : ARRAY[0..99999] OF INT;'), '64 KiB', 'No block'],
    [
      'a type that contains itself',
      `TYPE "A"\nSTRUCT\nx : "A";\nEND_STRUCT;\nEND_TYPE\n${block('a : "A";')}`,
      'itself',
      '',
    ],
    ['no end', 'DATA_BLOCK DB 1\nSTRUCT\na : INT;', 'line 3', 'Export'],
    ['another text', 'hello', 'no data block', 'Generate source'],
  ])('%s is refused, with what to do', (_, source, what, hint) => {
    expect(() => importDbSource(source)).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        message: expect.stringContaining(what),
        hint: expect.stringContaining(hint),
      }),
    )
  })

  test('whatever is declared, no two tags overlap, and every address can be read', () => {
    const elementary =
      'Bool Byte Char SInt Word Int DInt Real LReal Time DTL String[4] WString[2] Date_And_Time'.split(' ')
    const type = fc.letrec<{ type: string }>(tie => ({
      type: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(...elementary),
        fc.tuple(fc.nat(3), fc.constantFrom(...elementary)).map(([high, of]) => `Array[0..${high}] of ${of}`),
        fc
          .array(tie('type'), { minLength: 1, maxLength: 4 })
          .map(types => `Struct ${types.map((type, i) => `m${i} : ${type};`).join(' ')} END_STRUCT`),
      ),
    })).type
    fc.assert(
      fc.property(fc.array(type, { minLength: 1, maxLength: 6 }), types => {
        const tags = importDbSource(block(types.map((type, i) => `t${i} : ${type};`).join('\n')))
        let end = 0
        for (const { address } of tags) {
          const parsed = parseAddress(address)
          const start = parsed.byte * 8 + parsed.bit
          expect(start).toBeGreaterThanOrEqual(end)
          end = parsed.type === 'BOOL' ? start + (parsed.count ?? 1) : (parsed.byte + byteLength(parsed)) * 8
        }
      }),
    )
  })

  test('random text, and real sources with random bytes in them, throw coded errors only', () => {
    const words = fc.constantFrom(
      'DATA_BLOCK',
      'DB 1',
      '"x"',
      'STRUCT',
      'END_STRUCT',
      ';',
      ':',
      'a',
      'ARRAY',
      '[',
      '0..1',
      ']',
      'OF',
      'INT',
      'TYPE',
      'END_TYPE',
      'END_DATA_BLOCK',
      'BEGIN',
      '{',
      "'",
      '(*',
      '//',
      '\n',
      'STRING',
      '9999999999',
      'VAR',
      'END_VAR',
      ',',
    )
    const broken = fc
      .tuple(fc.constantFrom(press, step7), fc.nat(1500), fc.string({ maxLength: 12 }), fc.nat(40))
      .map(([source, at, text, cut]) => source.slice(0, at) + text + source.slice(at + cut))
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 60 }).map(all => all.join(' ')),
      broken,
    )
    fc.assert(
      fc.property(texts, source => {
        try {
          importDbSource(source, { DB_Press: 1, x: 2 })
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('what nests without end is refused, and does not take the stack', () => {
    const deep = block(`${'a : STRUCT '.repeat(20_000)}b : INT;${' END_STRUCT;'.repeat(20_000)}`)
    expect(() => importDbSource(deep)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
    const types = Array.from(
      { length: 5000 },
      (_, i) => `TYPE "T${i}"\nSTRUCT\na : "T${i + 1}";\nEND_STRUCT;\nEND_TYPE`,
    )
    expect(() => importDbSource(`${types.join('\n')}\n${block('a : "T0";')}`)).toThrow(
      expect.objectContaining({ code: 'config-invalid' }),
    )
  })
})

describe('symbols', () => {
  const symbols = new Symbols(blocksOf(`${press}\n${step7}`, { DB_Press: 10 }))

  test.each([
    ['"DB_Press".Spindle.Speed', 'DB10,REAL4'],
    ['"db_press".spindle."oil temp"', 'DB10,REAL8'],
    ['"DB_Press".Spindle.Bits[9]', 'DB10,X13.1'],
    ['"DB_Press".Motors[2].Hours', 'DB10,UDINT32'],
    ['"DB_Press".Matrix[1,2]', 'DB10,REAL68'],
    ['"DB_Press".Curve', 'DB10,INT46.4'],
    ['"DB10".Counts[-1]', 'DB10,INT18'],
  ])('%s is at %s', (symbol, address) => {
    expect(symbols.addressOf(symbol)).toBe(address)
  })

  test.each([
    ['"DB_Pres".Ready', 'DB_Press'],
    ['"DB_Press".Spindle.Sped', 'Speed'],
    ['"DB_Press".Spindle', 'members'],
    ['"DB_Press".Curve[4]', '0..3'],
    ['"DB_Press".Ready[0]', 'no array'],
    ['"DB_Press"..Ready', 'Write it like'],
  ])('%s is not there', (symbol, hint) => {
    expect(() => symbols.addressOf(symbol)).toThrow(
      expect.objectContaining({ code: 'bad-address', hint: expect.stringContaining(hint) }),
    )
  })

  test('every tag of a source is found by its symbol', () => {
    for (const { symbol, address } of importDbSource(press, { DB_Press: 10 }))
      expect(symbols.addressOf(symbol)).toBe(address)
  })
})
