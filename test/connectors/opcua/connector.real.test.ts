import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { status } from '../../../model/index.ts'
import { needs, python } from '../../needs.ts'
import { Bench, declared } from './plant.ts'

const temperature = declared('temperature', 'ns=1;s=Temperature')
const motor = declared('motor', 'ns=1;s=Motor', { class: 'waveform', sampleRateHz: 12_800 })
const text = declared('text', 'ns=1;s=Text', { class: 'waveform' })
const nodeId = temperature.address.nodeId
let bench: Bench

beforeEach(context => needs(context, 'python'))
beforeAll(async () => {
  if (!existsSync(python)) return
  bench = await Bench.start()
  await bench.server.add([
    { nodeId, type: 'Double', value: 0 },
    { nodeId: motor.address.nodeId, type: 'Float', value: [0] },
    { nodeId: text.address.nodeId, type: 'String', value: 'no block' },
  ])
}, 60_000)
afterEach(() => bench?.closeRuns())
afterAll(() => bench?.stop())

test('status code, source time and server time arrive exactly as the server has them', async () => {
  const { collector } = await bench.run([temperature])
  const serverTime = 1_700_000_009_000_000
  const sent = [
    { value: 1, status: 0, t: 1_700_000_000_000_001 },
    { value: 2, status: 0x408f0000, t: 1_700_000_000_123_456 },
    { value: 3, status: 0x80050000, t: 1_700_000_001_999_999 },
    { value: 4, status: 0x00960000, t: 1_700_000_002_000_000 },
  ]
  for (const { value, status, t } of sent) {
    await bench.server.set({ nodeId, value, status, sourceMicros: t, serverMicros: serverTime })
  }
  await collector.sample(temperature.tag, sample => sample.value === 4)
  const seen = collector.of(temperature.tag).filter(({ t }) => t < 1_700_000_003_000_000)
  // asyncua sends no value beside a bad status
  const expected = sent.map(each => ({ tag: temperature.tag, ...each, serverTime }))
  expect(seen).toEqual(expected.map(each => (each.status >>> 30 > 1 ? { ...each, value: null } : each)))
}, 60_000)

test('picoseconds of the source time are kept', async () => {
  const { collector } = await bench.run([temperature])
  // in units of 10 ps (OPC 10000-6, 5.2.2.17). Without a server time, beside which asyncua writes them in the wrong place.
  await bench.server.set({ nodeId, value: 5, sourceMicros: 1_700_000_000_123_456, sourcePicoseconds: 1234 })
  const sample = await collector.sample(temperature.tag, ({ value }) => value === 5)
  expect(sample).toMatchObject({ t: 1_700_000_000_123_456, picoseconds: 12_340 })
}, 60_000)

test('a sample without source time gets the server time', async () => {
  const { collector } = await bench.run([temperature])
  await bench.server.set({ nodeId, value: 11, serverMicros: 1_700_000_100_000_007 })
  const sample = await collector.sample(temperature.tag, ({ value }) => value === 11)
  expect(sample.t).toBe(1_700_000_100_000_007)
  expect(sample.serverTime).toBeUndefined()
}, 60_000)

test('the same value with a new time is a new sample; with trigger status-value it is not', async () => {
  const all = await bench.run([temperature])
  const changes = await bench.run([temperature], { trigger: 'status-value' })
  for (let i = 1; i <= 5; i++)
    await bench.server.set({ nodeId, value: 21, sourceMicros: 1_700_000_200_000_000 + i })
  await bench.server.set({ nodeId, value: 22, sourceMicros: 1_700_000_200_000_009 })
  for (const { collector } of [all, changes])
    await collector.sample(temperature.tag, ({ value }) => value === 22)
  expect(all.collector.of(temperature.tag).filter(({ value }) => value === 21)).toHaveLength(5)
  expect(changes.collector.of(temperature.tag).filter(({ value }) => value === 21)).toHaveLength(1)
}, 60_000)

test('a bad status makes the tag bad with a reason, a good one clears it', async () => {
  const { collector } = await bench.run([temperature])
  await bench.server.set({ nodeId, status: status.badNoCommunication, sourceMicros: Date.now() * 1000 })
  const sample = await collector.sample(
    temperature.tag,
    ({ status: code }) => code === status.badNoCommunication,
  )
  expect(sample.value).toBeNull()
  const problem = await collector.until(() => collector.problems.get('temperature'))
  expect(problem.code).toBe('unreachable')
  expect(problem.message).toContain('BadNoCommunication')
  await bench.server.set({ nodeId, value: 31, status: 0, sourceMicros: Date.now() * 1000 })
  await collector.until(() => !collector.problems.has('temperature'))
}, 60_000)

test('the overflow bits are counted as a loss of unknown size, and stay in the status', async () => {
  const { collector } = await bench.run([temperature])
  await bench.server.set({ nodeId, value: 41, status: status.overflowBits, sourceMicros: Date.now() * 1000 })
  const sample = await collector.sample(temperature.tag, ({ value }) => value === 41)
  expect(sample.status).toBe(status.overflowBits)
  expect(collector.lost).toEqual([{ tag: 'temperature', cause: 'queueOverflow', count: 'unknown' }])
}, 60_000)

test('a revised sampling interval is reported', async () => {
  const { collector } = await bench.run([temperature], { samplingIntervalMs: 20 })
  // asyncua revises to the publishing interval
  expect(collector.revised).toEqual([{ tag: 'temperature', requestedMs: 20, revisedMs: 100 }])
  expect(collector.lost).toEqual([{ tag: 'temperature', cause: 'revisedInterval', count: 'unknown' }])
}, 60_000)

test('waveforms arrive as Float32Array, every block, bit for bit', async () => {
  const { collector } = await bench.run([motor, temperature], { samplingIntervalMs: 0 })
  const block = (n: number) => Float32Array.from({ length: 16_384 }, (_, i) => Math.sin(i * n) * 0.1)
  const from = 1_700_000_300_000_000
  for (let n = 1; n <= 20; n++) {
    await bench.server.set({
      nodeId: motor.address.nodeId,
      value: Array.from(block(n)),
      sourceMicros: from + n,
    })
  }
  await collector.sample(motor.tag, ({ t }) => t === from + 20, 30_000)
  const seen = collector.of(motor.tag).filter(({ t }) => t > from && t <= from + 20)
  expect(seen.map(({ t }) => t - from)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  for (const [i, { value }] of seen.entries()) expect(value).toEqual(block(i + 1))
}, 60_000)

test('a waveform tag on something else is bad, with a reason', async () => {
  const { collector } = await bench.run([text])
  const sample = await collector.sample(text.tag, () => true)
  expect(sample).toMatchObject({ value: null, status: status.badTypeMismatch })
  expect(collector.problems.get('text')?.code).toBe('bad-type')
}, 60_000)

test('the server keeps a message until emit has resolved for it', async () => {
  const gate = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  await bench.run([temperature], {}, async samples => {
    if (samples.length === 0) return
    called.resolve()
    await gate.promise
  })
  await called.promise
  await bench.server.set({ nodeId, value: 51, sourceMicros: Date.now() * 1000 })
  await bench.server.set({ nodeId, value: 52, sourceMicros: Date.now() * 1000 })
  expect(await bench.server.unacknowledged()).toBeGreaterThan(0)
  gate.resolve()
  const deadline = Date.now() + 10_000
  while ((await bench.server.unacknowledged()) > 0) expect(Date.now()).toBeLessThan(deadline)
}, 60_000)

test('1,000 items every 100 ms for 5 s: nothing lost, nothing twice, in order', async () => {
  const items = Array.from({ length: 1000 }, (_, i) => declared(`n${i}`, `ns=1;s=N${i}`))
  const nodeIds = items.map(({ address }) => address.nodeId)
  await bench.server.add(nodeIds.map(nodeId => ({ nodeId, type: 'UInt32', value: 0 })))
  const { collector } = await bench.run(items, { samplingIntervalMs: 100, publishingIntervalMs: 500 })
  await collector.until(() => collector.samples.length === 1000)
  const from = 1_700_001_000_000_000
  await bench.server.count(nodeIds, 50, 100, from)
  await collector.until(() => collector.samples.length >= 51_000, 60_000)
  const expected = Array.from({ length: 50 }, (_, i) => [i + 1, from + (i + 1) * 100_000])
  const byTag = Map.groupBy(collector.samples, ({ tag }) => tag.name)
  expect(byTag.size).toBe(1000)
  for (const [, samples] of byTag) {
    const numbered = samples.filter(({ t }) => t > from && t < from + 1e9)
    expect(numbered.map(({ value, t }) => [value, t])).toEqual(expected)
  }
  expect(collector.samples).toHaveLength(51_000)
  // asyncua says that it samples at the publishing interval, and then tells every change all the same
  expect(collector.lost.filter(({ cause }) => cause !== 'revisedInterval')).toEqual([])
}, 120_000)
