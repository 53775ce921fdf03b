import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TagAddress } from '../../../connectors/modbus/index.ts'
import { MillraceError, status, toJson } from '../../../model/index.ts'
import { lack, needs } from '../../needs.ts'
import { type PymodbusServer, startPymodbus } from '../../servers/pymodbus.ts'
import { declare, optionsFor, start } from './device.ts'

let server: PymodbusServer
beforeEach(context => needs(context, 'python'))
beforeAll(async () => {
  if (lack('python') === undefined) server = await startPymodbus()
})
afterAll(async () => server?.stop())

const never = new AbortController().signal

describe('what pymodbus encodes is what is read', () => {
  test.each([
    ['INT16', 'int16', -32_768],
    ['UINT16', 'uint16', 65_535],
    ['INT32', 'int32', -2_147_483_648],
    ['UINT32', 'uint32', 4_294_967_295],
    ['INT64', 'int64', '-9223372036854775808'],
    ['UINT64', 'uint64', '18446744073709551615'],
    ['FLOAT32', 'float32', 0.1],
    ['FLOAT64', 'float64', 0.1],
    ['STRING', 'string11', 'Pump 7'],
  ] as const)('%s, in both word orders', async (foreign, type, value) => {
    for (const wordOrder of foreign === 'STRING' ? (['big'] as const) : (['big', 'little'] as const)) {
      await server.set('holding', 10, [0, 0, 0, 0, 0, 0])
      await server.set('holding', 10, await server.encode(foreign, value, wordOrder))
      const tag = declare('value', { address: `holding/10:${type}`, wordOrder })
      const running = await start([tag], optionsFor(server.port))
      const sample = await running.collector.sample(tag.tag, () => true)
      await running.stop()
      expect(sample.status).toBe(status.good)
      expect(toJson(sample.value)).toBe(value)
    }
  })

  test('bytes swapped in each register', async () => {
    const [high = 0, low = 0] = await server.encode('FLOAT32', 12.5, 'big')
    const swap = (word: number) => ((word & 0xff) << 8) | (word >> 8)
    await server.set('input', 20, [swap(high), swap(low)])
    const tag = declare('value', { address: 'input/20:float32', byteOrder: 'little' })
    const running = await start([tag], optionsFor(server.port))
    expect((await running.collector.sample(tag.tag, () => true)).value).toBe(12.5)
    await running.stop()
  })

  test('coils, discrete inputs and bits of registers, each the one that is meant', async () => {
    const bits = Array.from({ length: 40 }, (_, i) => i % 3 === 0)
    await server.set('coil', 0, bits)
    await server.set(
      'discrete',
      0,
      bits.map(bit => !bit),
    )
    await server.set('holding', 30, [0b1000_0000_0000_0100])
    const tags = [0, 1, 7, 8, 9, 17, 33, 39].flatMap(i => [
      declare(`c${i}`, `coil/${i}`),
      declare(`d${i}`, `discrete/${i}`),
    ])
    const ofRegister = [0, 2, 14, 15].map(i => declare(`r${i}`, `holding/30.${i}`))
    const running = await start([...tags, ...ofRegister], optionsFor(server.port))
    for (const { tag } of tags) {
      const sample = await running.collector.sample(tag, () => true)
      const set = bits[Number(tag.name.slice(1))]!
      expect(sample.value, tag.name).toBe(tag.name.startsWith('c') ? set : !set)
    }
    const read = await Promise.all(ofRegister.map(({ tag }) => running.collector.sample(tag, () => true)))
    expect(read.map(({ value }) => value)).toEqual([false, true, false, true])
    await running.stop()
  })
})

describe('requests', () => {
  test('neighbours are one request; a missing one is bad alone, and asked for apart from then on', async () => {
    const addresses = [90, 95, 99, 150, 201, 203]
    const tags = addresses.map(at => declare(`r${at}`, `holding/${at}`))
    const running = await start(tags, optionsFor(server.port, { gapRegisters: 124, scanMs: 200 }))
    await server.requests()
    await running.collector.until(() => running.collector.of(tags[0]!.tag).length >= 3)
    await running.stop()
    for (const { tag } of tags) {
      const bad = tag.name === 'r150'
      expect(
        running.collector.of(tag).every(({ status: code }) => (code === status.good) === !bad),
        tag.name,
      ).toBe(true)
    }
    expect(running.collector.of(tags[3]!.tag)[0]).toMatchObject({
      value: null,
      code: 2,
      status: status.badNodeIdUnknown,
    })
    const requests = (await server.requests()).map(([, at, count]) => `${at}+${count}`)
    expect(requests.slice(-2)).toEqual(['90+10', '201+3'])
  })

  test.each([
    [1, status.badNotSupported, 'unsupported'],
    [4, status.badDeviceFailure, 'refused'],
    [6, status.badTimeout, 'timeout'],
    [11, status.badNoCommunication, 'unreachable'],
  ])('exception %i is told by its meaning, and passes', async (exception, code, error) => {
    await server.answerWith(exception)
    const tag = declare('value', 'holding/0')
    const running = await start([tag], optionsFor(server.port))
    const sample = await running.collector.sample(tag.tag, () => true)
    expect(sample).toMatchObject({ value: null, status: code, code: exception })
    expect(running.collector.problems.get('value')).toMatchObject({ code: error })
    expect(running.collector.problems.get('value')?.hint).toBeTruthy()
    await server.answerWith(0)
    await running.collector.sample(tag.tag, ({ status: now }) => now === status.good)
    expect(running.collector.problems.size).toBe(0)
    await running.stop()
  })

  test('what was due is received or counted as lost, scan by scan', async () => {
    await server.delay(0.12)
    const tags = [declare('a', 'holding/0'), declare('b', 'holding/1')]
    const running = await start(tags, optionsFor(server.port, { scanMs: 50 }))
    await running.collector.until(() => running.collector.of(tags[0]!.tag).length >= 4)
    await running.stop()
    await server.delay(0)
    const { samples, lost, expected } = running.collector
    const missed = lost.reduce((sum, { count }) => sum + Number(count), 0)
    expect(lost.every(({ cause }) => cause === 'missedScan')).toBe(true)
    expect(missed).toBeGreaterThanOrEqual(6)
    expect(samples.length + missed).toBe(expected)
  })

  test('readings due while nobody was connected are counted as outage', async () => {
    const tag = declare('a', 'holding/0')
    const lastMs = Date.now() - 10_500
    const running = await start(
      [tag],
      optionsFor(server.port, { scanMs: 1000 }),
      JSON.stringify({ 1000: lastMs }),
    )
    await running.collector.sample(tag.tag, () => true)
    await running.stop()
    expect(running.collector.lost).toEqual([{ tag: undefined, cause: 'outage', count: 10 }])
    expect(running.collector.expected).toBe(11)
  })
})

describe('writing', () => {
  const written: readonly [string | TagAddress, string, unknown, unknown][] = [
    ['coil/5', 'coil', true, [true]],
    ['holding/40:int16', 'holding', -2, [65_534]],
    [{ address: 'holding/40:uint32', wordOrder: 'little' }, 'holding', 65_538, [2, 1]],
    ['holding/40:uint64', 'holding', 2n ** 63n, [32_768, 0, 0, 0]],
    ['holding/40:string4', 'holding', 'ok', [0x6f6b, 0]],
  ]
  test.each(written)('%o', async (address, area, value, raw) => {
    const tag = declare('value', address)
    const running = await start([tag], optionsFor(server.port))
    expect(await running.connector.write!(tag.tag, value as number, never)).toBe(value)
    const at = area === 'coil' ? 5 : 40
    expect(await server.get(area as 'coil', at, (raw as unknown[]).length)).toEqual(raw)
    await running.stop()
  })

  test.each([
    ['input/0', 1, 'unsupported'],
    ['discrete/0', true, 'unsupported'],
    ['holding/0.3', true, 'unsupported'],
    ['holding/0', 65_536, 'bad-type'],
    ['holding/0:float32', 1e39, 'bad-type'],
    ['coil/0', 1, 'bad-type'],
    ['holding/0:string2', 'long', 'bad-type'],
    ['holding/150', 1, 'bad-address'],
  ])('%s of %o is refused: %s', async (address, value, code) => {
    const tag = declare('value', address)
    const running = await start([tag], optionsFor(server.port))
    const error = await running.connector.write!(tag.tag, value, never).catch(thrown => thrown)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code })
    await running.stop()
  })
})
