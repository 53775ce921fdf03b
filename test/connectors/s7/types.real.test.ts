import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { status, type Value } from '../../../model/index.ts'
import { lack, needs } from '../../needs.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import type { Running } from '../running.ts'
import { declare, optionsFor, start } from './plc.ts'

/** What libsnap7's Python makes of a value at an offset of DB1, and what the connector has to make of it. */
const encoded: readonly [string, string, readonly (number | string | boolean)[], Value][] = [
  ['DB1,X0.3', 'bool', [0, 3, true], true],
  ['DB1,X0.4', 'bool', [0, 4, false], false],
  ['DB1,BYTE1', 'byte', [1, 200], 200],
  ['DB1,SINT2', 'sint', [2, -128], -128],
  ['DB1,USINT3', 'usint', [3, 255], 255],
  ['DB1,INT4', 'int', [4, -32_768], -32_768],
  ['DB1,UINT6', 'uint', [6, 65_535], 65_535],
  ['DB1,WORD8', 'word', [8, 0xbeef], 0xbeef],
  ['DB1,DINT10', 'dint', [10, -2_147_483_648], -2_147_483_648],
  ['DB1,UDINT14', 'udint', [14, 4_294_967_295], 4_294_967_295],
  ['DB1,DWORD18', 'dword', [18, 0xdeadbeef], 0xdeadbeef],
  ['DB1,REAL22', 'real', [22, 0.1], 0.1],
  ['DB1,REAL26', 'real', [26, 1.1754943508222875e-38], 1.1754944e-38],
  ['DB1,LREAL30', 'lreal', [30, Math.PI], Math.PI],
  ['DB1,TIME38', 'time', [38, '-2:3:57:28.192'], -187_048_192],
  ['DB1,STRING42.20', 'string', [42, 'Presse 7', 20], 'Presse 7'],
]

/** What snap7.util cannot encode, as bytes worked out from the data type's description. */
const bytes: readonly [string, number, string, Value][] = [
  ['DB2,LINT0', 0, '8000000000000001', -9_223_372_036_854_775_807n],
  ['DB2,ULINT8', 8, 'fffffffffffffffe', 18_446_744_073_709_551_614n],
  ['DB2,LWORD16', 16, '0020000000000001', 9_007_199_254_740_993n],
  ['DB2,WSTRING24.6', 24, '00060003004100e420ac000000000000', 'Aä€'],
  ['DB2,DTL40', 40, '07ea011f070c3b3b075bcd15', '2026-01-31T12:59:59.123456789'],
  ['DB2,DATE_AND_TIME52', 52, '2601311259595997', '2026-01-31T12:59:59.599'],
  ['DB2,S5TIME60', 60, '2127', 127_000],
  ['DB2,CHAR62', 62, '41', 'A'],
  ['DB2,C63.3', 63, '616263', 'abc'],
  ['DB2,INT66.3', 66, '0001ffff7fff', [1, -1, 32_767]],
  ['DB2,X72.6.4', 72, 'c001', [true, true, true, false]],
  ['DB2,REAL74.2', 74, '3dcccccd42f6e979', [0.1, 123.456]],
  ['DB2,WCHAR124', 124, '20ac', '€'],
  ['DB2,DATE94', 94, '337b', '2026-01-31'],
  ['DB2,TOD96', 96, '02ca1c7f', '12:59:59.999'],
  ['DB2,LTIME100', 100, 'ffffffffffffffff', -1n],
  ['DB2,LTOD108', 108, '00004e94914effff', '23:59:59.999999999'],
  ['DB2,LDT116', 116, '188fd24b3a5d2315', '2026-01-31T12:59:59.123456789'],
  ['DB2,STRING82.3.2', 82, '03026162000003016300ff00', ['ab', 'c']],
]

describe('every type, read from libsnap7', () => {
  const all = [...encoded, ...bytes]
  const tags = all.map(([address]) => declare(address, address))
  const areas = [
    ['MW20', 'MK', 20, '1234', 0x1234],
    ['M22.7', 'MK', 22, '80', true],
    ['IB0', 'PE', 0, '7f', 127],
    ['QR4', 'PA', 4, '3f800000', 1],
    ['T0', 'TM', 0, '1123', 12_300],
    ['C0', 'CT', 0, '0042', 42],
  ] as const
  const wave = declare('wave', 'DB2,REAL74.2', { class: 'waveform' })
  const far = areas.map(([address]) => declare(address, address))
  let server: Snap7Server
  let running: Running

  beforeEach(context => needs(context, 'python'))
  beforeAll(async () => {
    if (lack('python')) return
    server = await startSnap7({ 1: 100, 2: 126 })
    for (const area of ['MK', 'PE', 'PA', 'TM', 'CT'] as const) await server.register(0, 100, area)
    for (const [, type, args] of encoded) await server.put(1, type, ...args)
    await server.set(...bytes.map(([, offset, hex]) => ({ number: 2, offset, hex })))
    await server.set(...areas.map(([, area, offset, hex]) => ({ number: 0, area, offset, hex })))
    running = await start([...tags, wave, ...far], optionsFor(server.port))
  })
  afterAll(async () => {
    await running?.stop()
    await server?.stop()
  })

  test.each([...all.map(row => [row[0], row[3]] as const), ...areas.map(row => [row[0], row[4]] as const)])(
    '%s is exact',
    async (address, value) => {
      const { tag } = [...tags, ...far].find(({ tag }) => tag.name === address)!
      const sample = await running.collector.sample(tag, () => true)
      expect(sample.status).toBe(status.good)
      expect(sample.value).toEqual(value)
    },
  )

  test('an array of a waveform tag is a Float32Array', async () => {
    const { value } = await running.collector.sample(wave.tag, () => true)
    expect(value).toEqual(Float32Array.of(0.1, 123.456))
  })
})

describe('every type, written', () => {
  let server: Snap7Server
  let running: Running

  const written: readonly [string, Value, string, number[], string][] = [
    ['DB1,X0.3', true, 'bool', [0, 3], 'True'],
    ['DB1,SINT2', -5, 'sint', [2], '-5'],
    ['DB1,INT4', -1234, 'int', [4], '-1234'],
    ['DB1,UDINT14', 4_000_000_000, 'udint', [14], '4000000000'],
    ['DB1,REAL22', 0.5, 'real', [22], '0.5'],
    ['DB1,LREAL30', Math.E, 'lreal', [30], '2.718281828459045'],
    ['DB1,TIME38', -1500, 'time', [38], '-0:0:0:1.500'],
    ['DB1,STRING42.20', 'Halle 3', 'string', [42], 'Halle 3'],
    ['DB1,WSTRING64.4', 'ä€', 'wstring', [64], 'ä€'],
    ['DB1,DTL76', '2026-01-31T12:59:59.000000000', 'dtl', [76], '2026-01-31 12:59:59'],
    ['DB1,DATE_AND_TIME88', '2026-01-31T12:59:59.599', 'dt', [88], '2026-01-31T12:59:59.599000'],
    ['DB1,S5TIME96', 127_000, 's5time', [96], '0:02:07'],
    ['DB1,DATE120', '2026-01-31', 'date', [120], '2026-01-31'],
    ['DB1,TOD122', '12:59:59.999', 'tod', [122], '12:59:59.999000'],
    ['DB1,WCHAR126', '€', 'wchar', [126], '€'],
  ]
  const tags = [
    ...written.map(([address]) => declare(address, address)),
    declare('LINT', 'DB1,LINT100'),
    declare('beyond', 'DB1,INT998'),
    declare('missing', 'DB9,INT0'),
    declare('array', 'DB1,INT108.3'),
    declare('merker', 'MW2'),
  ]
  const tagNamed = (name: string) => tags.find(({ tag }) => tag.name === name)!.tag
  const write = (name: string, value: Value) =>
    running.connector.write!(tagNamed(name), value, new AbortController().signal)

  beforeEach(context => needs(context, 'python'))
  beforeAll(async () => {
    if (lack('python')) return
    server = await startSnap7({ 1: 200 })
    await server.register(0, 100, 'MK')
    running = await start(tags, optionsFor(server.port))
  })
  afterAll(async () => {
    await running?.stop()
    await server?.stop()
  })

  test.each(written)('%s takes its value', async (address, value, type, args, text) => {
    expect(await write(address, value)).toEqual(value)
    expect(await server.show(1, type, ...args)).toBe(text)
  })

  test('a bit leaves its neighbours alone', async () => {
    await server.set({ number: 1, offset: 0, hex: 'f0' })
    expect(await write('DB1,X0.3', true)).toBe(true)
    expect((await server.get(1, 0, 1)).toString('hex')).toBe('f8')
    expect(await write('DB1,X0.3', false)).toBe(false)
    expect((await server.get(1, 0, 1)).toString('hex')).toBe('f0')
  })

  test('64 bits, arrays and other areas', async () => {
    expect(await write('LINT', -9_007_199_254_740_993n)).toBe(-9_007_199_254_740_993n)
    expect(await server.get(1, 100, 8)).toEqual(Buffer.from('ffdfffffffffffff', 'hex'))
    expect(await write('array', [1, -2, 3])).toEqual([1, -2, 3])
    expect(await write('merker', 0xabcd)).toBe(0xabcd)
  })

  test.each([
    ['beyond', 1, 'bad-address'],
    ['missing', 1, 'bad-address'],
    ['DB1,INT4', 40_000, 'bad-type'],
    ['array', [1], 'bad-type'],
  ])('%s of %s is refused: %s, and the session goes on', async (name, value, code) => {
    await expect(write(name, value)).rejects.toMatchObject({ code, transient: false })
    expect(await write('DB1,INT4', 7)).toBe(7)
  })

  test('what is not a tag of the source is not written', async () => {
    const { tag } = declare('stranger', 'DB1,INT4')
    await expect(running.connector.write!(tag, 1, new AbortController().signal)).rejects.toMatchObject({
      code: 'bad-address',
    })
  })
})
