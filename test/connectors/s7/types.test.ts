import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteLength, parseAddress, typeBytes } from '../../../connectors/s7/address.ts'
import { decodeValue, encodeValue } from '../../../connectors/s7/types.ts'
import { MillraceError, shortestFloat32, type Value } from '../../../model/index.ts'

const decode = (address: string, hex: string) => decodeValue(parseAddress(address), Buffer.from(hex, 'hex'))
const encode = (address: string, value: Value) => encodeValue(parseAddress(address), value).toString('hex')

describe('S7 values', () => {
  test.each<[string, string, Value]>([
    ['DB1,X0.3', '08', true],
    ['DB1,X0.3', 'f7', false],
    ['DB1,BYTE0', 'ff', 255],
    ['DB1,SINT0', 'ff', -1],
    ['DB1,USINT0', 'ff', 255],
    ['DB1,C0', '41', 'A'],
    ['DB1,C0.3', '41e442', 'AäB'],
    ['DB1,WORD0', 'abcd', 0xabcd],
    ['DB1,INT0', '8000', -32_768],
    ['DB1,UINT0', '8000', 32_768],
    ['DB1,DWORD0', 'ffffffff', 4_294_967_295],
    ['DB1,DINT0', '80000000', -2_147_483_648],
    ['DB1,UDINT0', '80000000', 2_147_483_648],
    ['DB1,LINT0', '8000000000000000', -9_223_372_036_854_775_808n],
    ['DB1,ULINT0', 'ffffffffffffffff', 18_446_744_073_709_551_615n],
    ['DB1,LWORD0', '0020000000000001', 9_007_199_254_740_993n],
    ['DB1,REAL0', '3dcccccd', 0.1],
    ['DB1,REAL0', '7fc00000', Number.NaN],
    ['DB1,REAL0', 'ff800000', Number.NEGATIVE_INFINITY],
    ['DB1,LREAL0', '3fb999999999999a', 0.1],
    ['DB1,TIME0', 'fffffc18', -1000],
    ['DB1,S5TIME0', '2127', 127_000], // S5T#2m7s, time base 1 s
    ['DB1,S5TIME0', '0005', 50],
    ['DB1,S0.5', '0503616263ffff', 'abc'],
    ['DB1,S0.5', '00000000000000', ''],
    ['DB1,WS0.3', '00030002004120ac0000', 'A€'],
    ['DB1,DT0', '2601311259595993', '2026-01-31T12:59:59.599'],
    ['DB1,DT0', '9001010000000002', '1990-01-01T00:00:00.000'],
    ['DB1,DTZ0', '2601311259595993', '2026-01-31T12:59:59.599Z'],
    ['DB1,DTL0', '07ea011f070c3b3b075bcd15', '2026-01-31T12:59:59.123456789'],
    ['DB1,DTLZ0', '07ea011f070c3b3b00000000', '2026-01-31T12:59:59.000000000Z'],
    ['DB1,WCHAR0', '20ac', '€'],
    ['DB1,WCHAR0.3', '004120ac0020', 'A€ '],
    ['DB1,DATE0', '0000', '1990-01-01'],
    ['DB1,DATE0', '337b', '2026-01-31'],
    ['DB1,TOD0', '02ca1c7f', '12:59:59.999'],
    ['DB1,LTIME0', 'ffffffffffffffff', -1n],
    ['DB1,LTOD0', '00004e94914effff', '23:59:59.999999999'],
    ['DB1,LDT0', '188fd24b3a5d2315', '2026-01-31T12:59:59.123456789'],
    ['T1', '3999', 9_990_000],
    ['C1', '0999', 999],
    ['DB1,INT0.3', '0001ffff0002', [1, -1, 2]],
    ['DB1,X0.6.4', 'c001', [true, true, true, false]],
    ['DB1,S0.1.2', '0101610001016200'.slice(0, 14), ['a', 'b']],
  ])('%s of %s', (address, hex, value) => {
    expect(decode(address, hex)).toEqual(value)
  })

  test.each([
    ['a text longer than declared', 'DB1,S0.5', '05066162636465'],
    ['a wide text longer than declared', 'DB1,WS0.1', '000100020041'],
    ['digits that are not BCD', 'DB1,S5TIME0', '00fa'],
    ['month 13', 'DB1,DT0', '2613311259595993'],
    ['31 April', 'DB1,DTL0', '07ea041f070c3b3b00000000'],
    ['a DTL of zeros', 'DB1,DTL0', '000000000000000000000000'],
    ['more nanoseconds than a second has', 'DB1,DTL0', '07ea011f070c3b3b3b9aca00'],
    ['a time of day beyond midnight', 'DB1,TOD0', '05265c00'],
    ['a long one', 'DB1,LTOD0', '00004e94914f0000'],
    ['a point in time before 1970', 'DB1,LDT0', 'ffffffffffffffff'],
    ['too few bytes', 'DB1,REAL0', '3dcccc'],
  ])('%s is bad-payload', (_, address, hex) => {
    expect(() => decode(address, hex)).toThrow(expect.objectContaining({ code: 'bad-payload' }))
  })

  test.each<[string, Value]>([
    ['DB1,INT0', 32_768],
    ['DB1,INT0', 1.5],
    ['DB1,INT0', '7'],
    ['DB1,X0.0', 1],
    ['DB1,REAL0', 1e39],
    ['DB1,REAL0', true],
    ['DB1,ULINT0', -1n],
    ['DB1,LINT0', 2 ** 60],
    ['DB1,LINT0', 2n ** 63n],
    ['DB1,S0.2', 'abc'],
    ['DB1,S0.2', '€'],
    ['DB1,S5TIME0', 15],
    ['DB1,DTL0', '2026-02-30T00:00:00'],
    ['DB1,DT0', '1989-01-01T00:00:00'],
    ['DB1,DATE0', '2026-02-30'],
    ['DB1,DATE0', '1989-12-31'],
    ['DB1,TOD0', '24:00:00'],
    ['DB1,LDT0', '1969-12-31T23:59:59'],
    ['DB1,WCHAR0', 'ab'],
    ['DB1,INT0.2', [1]],
    ['DB1,INT0', null],
  ])('%s cannot be %s', (address, value) => {
    expect(() => encode(address, value)).toThrow(expect.objectContaining({ code: 'bad-type' }))
  })

  test('what is written is what is read', () => {
    const int = (bits: number, signed: boolean) =>
      fc.integer({ min: signed ? -(2 ** (bits - 1)) : 0, max: 2 ** (bits - (signed ? 1 : 0)) - 1 })
    const text = (most: number, top: number) =>
      fc
        .array(fc.integer({ min: 32, max: top }), { maxLength: most })
        .map(codes => String.fromCharCode(...codes))
    const date = fc.date({ min: new Date('1990-01-01'), max: new Date('2089-12-31'), noInvalidDate: true })
    const values: Record<string, fc.Arbitrary<Value>> = {
      X0: fc.boolean(),
      BYTE0: int(8, false),
      SINT0: int(8, true),
      USINT0: int(8, false),
      WORD0: int(16, false),
      INT0: int(16, true),
      UINT0: int(16, false),
      DWORD0: int(32, false),
      DINT0: int(32, true),
      UDINT0: int(32, false),
      TIME0: int(32, true),
      LINT0: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      ULINT0: fc.bigInt(0n, 2n ** 64n - 1n),
      LWORD0: fc.bigInt(0n, 2n ** 64n - 1n),
      REAL0: fc.float({ noNaN: false }).map(shortestFloat32),
      LREAL0: fc.double(),
      'STRING0.20': text(20, 255),
      'WSTRING0.20': text(20, 0xd7ff),
      S5TIME0: fc.tuple(fc.nat(999), fc.nat(3)).map(([count, base]) => count * 10 ** (1 + base)),
      DATE_AND_TIME0: date.map(date => date.toISOString().slice(0, 23)),
      DTZ0: date.map(date => date.toISOString()),
      DTL0: fc
        .tuple(date, fc.nat(999_999))
        .map(([date, ns]) => `${date.toISOString().slice(0, 23)}${String(ns).padStart(6, '0')}`),
      LTIME0: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      LDT0: fc
        .tuple(date, fc.nat(999_999))
        .map(([date, ns]) => `${date.toISOString().slice(0, 23)}${String(ns).padStart(6, '0')}`),
      DATE0: date.map(date => date.toISOString().slice(0, 10)),
      TOD0: date.map(date => date.toISOString().slice(11, 23)),
      LTOD0: date.map(date => `${date.toISOString().slice(11, 23)}000001`),
      'WCHAR0.4': text(4, 0xd7ff).map(text => text.padEnd(4)),
      'INT0.4': fc.array(int(16, true), { minLength: 4, maxLength: 4 }),
      'STRING0.5.3': fc.array(text(5, 255), { minLength: 3, maxLength: 3 }),
    }
    for (const [type, value] of Object.entries(values)) {
      const address = parseAddress(type === 'X0' ? 'DB1,X0.0' : `DB1,${type}`)
      fc.assert(
        fc.property(value, value => {
          expect(decodeValue(address, encodeValue(address, value)), type).toEqual(value)
        }),
        { numRuns: 200 },
      )
    }
  })

  test('a float32 is its shortest decimal, exactly', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), bytes => {
        const value = decodeValue(parseAddress('DB1,REAL0'), Buffer.from(bytes)) as number
        const back = encodeValue(parseAddress('DB1,REAL0'), value)
        if (!Number.isNaN(value)) expect(back.equals(Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  test('random bytes of any type are a value or a coded error', () => {
    const types = Object.keys(typeBytes).filter(type => type !== 'TIMER' && type !== 'COUNTER')
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.uint8Array({ minLength: 60, maxLength: 60 }),
        (type, bytes) => {
          const suffix = type === 'BOOL' ? '.3' : type.endsWith('STRING') ? '.8' : ''
          const address = parseAddress(`DB1,${type}0${suffix}`)
          try {
            decodeValue(address, Buffer.from(bytes).subarray(0, byteLength(address)))
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(MillraceError)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('a waveform is a Float32Array', () => {
    const address = parseAddress('DB1,REAL0.2')
    const bytes = Buffer.from('3dcccccd40000000', 'hex')
    expect(decodeValue(address, bytes, 'waveform')).toEqual(Float32Array.of(0.1, 2))
  })
})
