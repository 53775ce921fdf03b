import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lifecycle } from '../../alarms/lifecycle.ts'
import type { Output, ProcessorEvent, TelemetryRecord } from '../../model/index.ts'
import { type ChainOptions, chainFor, keyOf, runChain, type States } from '../../processors/chain.ts'
import type { SignalSpec } from '../../processors/contract.ts'
import { asset, hour, type Row, second, tagNamed, telemetry } from './records.ts'

const tags = [tagNamed('oil', 'Cel'), tagNamed('rpm', '1/min'), tagNamed('acceleration', 'g', 'waveform')]
const oil: SignalSpec = { processor: 'limits', name: 'oil-too-hot', tag: 'oil', alarm: { above: 70 } }
const bearing: SignalSpec = {
  processor: 'vibration',
  name: 'spindle-bearing',
  tag: 'acceleration',
  rpmTag: 'rpm',
  bearing: { balls: 9, ballDiameterMm: 7.94, pitchDiameterMm: 39.04 },
}

function chainOf(signals: readonly SignalSpec[], options?: ChainOptions) {
  return chainFor({ id: asset, tags, signals }, [lifecycle()], options)
}

function runAll(signals: readonly SignalSpec[], events: readonly ProcessorEvent[]): Output[] {
  const chain = chainOf(signals)
  const states: States = new Map()
  return events.flatMap(event => runChain(states, chain, event))
}

describe('a chain', () => {
  const rows: Row[] = [
    { tag: 'oil', t: hour, value: 71 },
    { tag: 'oil', t: hour + second, value: 72 },
  ]

  test('gives aggregates, signals, and the alarms that follow from those, from one record', () => {
    const outputs = runAll([oil], [telemetry(1, rows)])
    expect(outputs.map(({ topic }) => topic)).toEqual(['aggregates-1s', 'signals', 'alarms', 'alarm-events'])
  })

  test('takes the signal of the aggregates to the alarms as well', () => {
    const unreadable = telemetry(1, [{ tag: 'oil', t: 0.5, value: 1 }])
    expect(runAll([], [unreadable]).map(({ topic }) => topic)).toEqual(['signals', 'alarms', 'alarm-events'])
  })

  test('keeps the state of every processor under its name', () => {
    const states: States = new Map()
    runChain(states, chainOf([oil, bearing]), telemetry(1, rows))
    expect([...states.keys()]).toEqual(['aggregate', 'oil-too-hot', 'spindle-bearing', 'alarms'])
  })

  test('goes on from states that went through the changelog', () => {
    const chain = chainOf([oil])
    const events = [0, 1, 2, 3, 4].map(i =>
      telemetry(i + 1, [{ tag: 'oil', t: hour + i * second, value: 68 + i }]),
    )
    let states: States = new Map()
    const restored = events.flatMap(event => {
      const outputs = runChain(states, chain, event)
      states = new Map(JSON.parse(JSON.stringify([...states])))
      return outputs
    })
    expect(JSON.stringify(restored)).toBe(JSON.stringify(runAll([oil], events)))
    expect(restored.some(({ topic }) => topic === 'alarms')).toBe(true)
  })

  test('has records with the key of their topic: the asset, or the alarm', () => {
    const keys = runAll([oil], [telemetry(1, rows)]).map(output => [output.topic, keyOf(output)])
    expect(keys[0]).toEqual(['aggregates-1s', asset])
    expect(keys[1]).toEqual(['signals', asset])
    expect(keys[2]).toEqual(['alarms', expect.stringMatching(/^[0-9a-f]{32}$/)])
    expect(keys[3]![1]).toBe(keys[2]![1])
  })

  test.each([
    [[{ ...oil, processor: 'limit' }], 'no processor "limit"'],
    [[oil, oil], '"oil-too-hot" is the name of two processors'],
    [[{ ...oil, name: 'aggregate' }], '"aggregate" is the name of two processors'],
    [[{ ...oil, hysteresys: 1 }], 'must NOT have additional properties'],
    [[{ ...bearing, rpm: 1_500 }], 'needs either rpm or rpmTag'],
  ])('refuses %j', (signals, message) => {
    expect(() => chainOf(signals)).toThrow(message)
  })
})

describe('whatever can be decoded', () => {
  const anything = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.constantFrom(null, undefined, 'NaN', '9007199254740993', -0, 1e308, '__proto__', 'length'),
    fc.jsonValue(),
  )
  const mostly = <T>(usual: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: usual as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: anything })
  const time = fc.oneof(
    fc.integer({ min: -2, max: 7_200 }).map(s => hour + s * second),
    fc.constantFrom(hour, hour + second, 0, -1, Number.MAX_SAFE_INTEGER),
  )
  const tagName = fc.constantFrom('oil', 'rpm', 'mode', '__proto__', 'constructor', '', 'Ä')
  const column = (of: fc.Arbitrary<unknown>) => fc.array(of, { maxLength: 12 })
  const record = fc
    .record({
      v: fc.constant(1),
      asset: fc.constant(asset),
      source: fc.constantFrom('press', '__proto__'),
      epoch: fc.integer({ min: 1, max: 3 }),
      seq: fc.integer({ min: 1, max: 50 }),
      tags: column(mostly(tagName)),
      tag: column(mostly(fc.integer({ min: 0, max: 9 }))),
      t: column(mostly(time)),
      value: column(mostly(fc.double({ noNaN: true }))),
      status: column(mostly(fc.constantFrom(0, 0, 0, 0x40000000, 0x80000000))),
    })
    .map((record): ProcessorEvent => ({ kind: 'telemetry', record: record as TelemetryRecord }))
  const float = fc.float({ noDefaultInfinity: false })
  const block = fc
    .record({
      t: mostly(time),
      rateHz: mostly(fc.constantFrom(12_800, 1, 0, -1)),
      status: fc.constantFrom(0, 0x80000000),
      pattern: fc.array(float, { minLength: 1, maxLength: 40 }),
      length: fc.constantFrom(0, 1, 2, 3, 1_000, 4_096, 5_000),
    })
    .map(({ pattern, length, ...rest }) => ({
      kind: 'waveform' as const,
      block: {
        asset,
        tag: 'acceleration',
        source: 'press',
        epoch: 1,
        seq: 1,
        unit: 'g',
        ...(rest as { t: number; rateHz: number; status: number }),
        samples: Float32Array.from({ length }, (_, i) => pattern[i % pattern.length]!),
      },
    }))
  const events = fc.array(fc.oneof({ weight: 3, arbitrary: record }, { weight: 1, arbitrary: block }), {
    maxLength: 12,
  })

  test('throws nothing, and gives the same bytes a second time', () => {
    const signals = [oil, bearing, { ...oil, name: 'rpm-low', tag: 'rpm', alarm: { below: 100 } }]
    fc.assert(
      fc.property(events, events => {
        const first = JSON.stringify(runAll(signals, events))
        expect(JSON.stringify(runAll(signals, structuredClone(events)))).toBe(first)
      }),
      { numRuns: 300 },
    )
  })

  test('gives signals with a value exactly where they are known', () => {
    const steady = [oil, { ...bearing, rpmTag: undefined, rpm: 1_500 }].map(spec =>
      JSON.parse(JSON.stringify(spec)),
    )
    fc.assert(
      fc.property(events, events => {
        for (const output of runAll(steady, events)) {
          if (output.topic !== 'signals') continue
          const { value, verdict, reason } = output.value
          expect(reason).not.toBe('')
          expect(verdict === 'not-known').toBe(value === null)
          if (value !== null) expect(Number.isFinite(value)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})
