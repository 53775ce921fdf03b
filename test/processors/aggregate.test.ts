import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregate, Output, ProcessorEvent } from '../../model/index.ts'
import { AggregateOptions, aggregate } from '../../processors/aggregate/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import { createRandom } from '../simulator/random.ts'
import { asset, hour, type Row, run, second, signalsIn, tagNamed, telemetry } from './records.ts'

const minute = 60 * second
const tags = [tagNamed('speed', 'rpm'), tagNamed('mode')]

function aggregator(options: Partial<AggregateOptions> = {}) {
  return aggregate({ id: asset, tags }, checkedOptions(AggregateOptions, options, 'test') as AggregateOptions)
}

function aggregatesIn(outputs: readonly Output[], topic: Output['topic']): Aggregate[] {
  return outputs.flatMap(output => (output.topic === topic ? [output.value as Aggregate] : []))
}

/** The highest revision of every window, by what names it. */
function finals(outputs: readonly Output[]): Map<string, Aggregate> {
  const found = new Map<string, Aggregate>()
  for (const { topic, value } of outputs) {
    if (!topic.startsWith('aggregates')) continue
    const record = value as Aggregate
    const key = `${topic} ${record.tag} ${record.start}`
    if (record.revision >= (found.get(key)?.revision ?? 0)) found.set(key, record)
  }
  return found
}

const speed = (t: number, value: unknown, status = 0): Row => ({ tag: 'speed', t: hour + t, value, status })
/** A sample of another tag that moves the asset's time on. */
const tick = (t: number): Row => ({ tag: 'mode', t: hour + t, value: 'running' })

/** Two-pass mean and sample standard deviation: what the one-pass ones must equal. */
function moments(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return { mean, std: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1)) }
}

describe('a window', () => {
  test('is given out once the asset has a newer time, with count, extremes, mean, std and last', () => {
    const rows = [speed(0, 4), speed(200_000, 1), speed(999_999, 7)]
    const outputs = run(aggregator(), [telemetry(1, rows), telemetry(2, [tick(second)])])
    expect(outputs).toEqual([
      {
        topic: 'aggregates-1s',
        t: hour + second,
        value: {
          v: 1,
          asset,
          tag: 'speed',
          unit: 'rpm',
          start: hour,
          end: hour + second,
          count: 3,
          good: 3,
          min: 1,
          max: 7,
          mean: 4,
          std: 3,
          last: 7,
          revision: 0,
          evidence: [{ source: 'press', epoch: 1, from: 1, to: 1 }],
        },
      },
    ])
  })

  test('counts bad and uncertain samples, and nothing else of them', () => {
    const rows = [
      speed(0, 10),
      speed(1, 999, 0x80000000),
      speed(2, -999, 0x40000000),
      speed(3, null, 0x80310000),
    ]
    const [only] = aggregatesIn(run(aggregator(), [telemetry(1, [...rows, tick(second)])]), 'aggregates-1s')
    expect(only).toMatchObject({ count: 4, good: 1, min: 10, max: 10, mean: 10, std: null, last: 10 })
  })

  test('of texts, or of numbers that are not finite, has a last value and no mean', () => {
    const rows: Row[] = ['idle', 'NaN', 'running'].map((value, i) => ({ tag: 'mode', t: hour + i, value }))
    const [only] = aggregatesIn(
      run(aggregator(), [telemetry(1, rows), telemetry(2, [speed(second, 1)])]),
      'aggregates-1s',
    )
    expect(only).toMatchObject({
      count: 3,
      good: 3,
      min: null,
      max: null,
      mean: null,
      std: null,
      last: 'running',
    })
  })

  test('keeps its standard deviation where squares cancel: small spread on a large mean', () => {
    const values = Array.from({ length: 1_000 }, (_, i) => 1e9 + (i % 2))
    const rows = values.map((value, i) => speed(i * 1_000, value))
    const [only] = aggregatesIn(run(aggregator(), [telemetry(1, [...rows, tick(second)])]), 'aggregates-1s')
    expect(only!.std).toBeCloseTo(moments(values).std, 9)
  })

  test('with a value too large to be squared has its extremes and no mean', () => {
    const rows = [speed(0, 1e200), speed(1, -1e200), speed(2, 3)]
    const [only] = aggregatesIn(run(aggregator(), [telemetry(1, [...rows, tick(second)])]), 'aggregates-1s')
    expect(only).toMatchObject({ min: -1e200, max: 1e200, mean: null, std: null })
  })

  test('takes the last value by source time, whatever came last', () => {
    const rows = [speed(500_000, 5), speed(900_000, 9), speed(100_000, 1)]
    const [only] = aggregatesIn(run(aggregator(), [telemetry(1, [...rows, tick(second)])]), 'aggregates-1s')
    expect(only!.last).toBe(9)
  })
})

describe('longer windows', () => {
  const random = createRandom(1, 'longer windows')
  const values = Array.from({ length: 3 * 600 }, () => 20 + 5 * random.gaussian())
  const events = values.map((value, i) => telemetry(i + 1, [speed(i * 100_000, value)]))
  const outputs = run(aggregator(), [...events, telemetry(9_999, [tick(60 * minute)])])

  test('equal what their samples give directly', () => {
    const minutes = aggregatesIn(outputs, 'aggregates-1m').filter(({ tag }) => tag === 'speed')
    expect(minutes.map(({ start }) => start - hour)).toEqual([0, minute, 2 * minute])
    for (const [i, { count, mean, std, min, max, last }] of minutes.entries()) {
      const part = values.slice(i * 600, (i + 1) * 600)
      expect({ count, min, max, last }).toEqual({
        count: 600,
        min: Math.min(...part),
        max: Math.max(...part),
        last: part.at(-1),
      })
      expect(mean).toBeCloseTo(moments(part).mean, 11)
      expect(std).toBeCloseTo(moments(part).std, 11)
    }
  })

  test('go up to the hour, whose evidence is every record', () => {
    const [only] = aggregatesIn(outputs, 'aggregates-1h')
    expect(only).toMatchObject({ tag: 'speed', count: 1_800, start: hour, end: hour + 60 * minute })
    expect(only!.mean).toBeCloseTo(moments(values).mean, 11)
    expect(only!.evidence).toEqual([{ source: 'press', epoch: 1, from: 1, to: 1_800 }])
  })

  test('name the epochs of a source that was restarted', () => {
    const restarted = [
      telemetry(7, [speed(0, 1)]),
      telemetry(1, [speed(5, 2)], 2),
      telemetry(2, [tick(second)], 2),
    ]
    const [only] = aggregatesIn(run(aggregator(), restarted), 'aggregates-1s')
    expect(only!.evidence).toEqual([
      { source: 'press', epoch: 1, from: 7, to: 7 },
      { source: 'press', epoch: 2, from: 1, to: 1 },
    ])
  })
})

describe('a late sample', () => {
  test('is added to the closed window, which is given out again with the next revision', () => {
    const outputs = run(aggregator(), [
      telemetry(1, [speed(0, 1), speed(2 * second, 0)]),
      telemetry(2, [speed(500_000, 3), speed(500_001, 5)]),
      telemetry(3, [speed(600_000, 7)]),
    ])
    const first = aggregatesIn(outputs, 'aggregates-1s').filter(({ start }) => start === hour)
    expect(first.map(({ revision, count, mean }) => ({ revision, count, mean }))).toEqual([
      { revision: 0, count: 1, mean: 1 },
      { revision: 1, count: 3, mean: 3 },
      { revision: 2, count: 4, mean: 4 },
    ])
    expect(first.at(-1)!.evidence).toEqual([{ source: 'press', epoch: 1, from: 1, to: 3 }])
  })

  test('is late from the very time at which its window was closed', () => {
    const outputs = run(aggregator(), [
      telemetry(1, [speed(0, 1), tick(second)]),
      telemetry(2, [speed(1, 3)]),
    ])
    const first = aggregatesIn(outputs, 'aggregates-1s')
    expect(first.map(({ revision, count }) => ({ revision, count }))).toEqual([
      { revision: 0, count: 1 },
      { revision: 1, count: 2 },
    ])
  })

  test('of a tag that had none in the closed window makes its first record', () => {
    const outputs = run(aggregator(), [telemetry(1, [tick(2 * second)]), telemetry(2, [speed(500_000, 3)])])
    expect(aggregatesIn(outputs, 'aggregates-1s')).toMatchObject([{ tag: 'speed', revision: 0, count: 1 }])
  })

  test('reaches the minute and the hour, open or closed, exactly once', () => {
    const outputs = run(aggregator(), [
      telemetry(1, [speed(0, 1), speed(61 * second, 2)]),
      telemetry(2, [speed(59 * second, 3)]),
      telemetry(3, [speed(60 * minute, 0)]),
    ])
    const ofStart = aggregatesIn(outputs, 'aggregates-1m').filter(({ start }) => start === hour)
    expect(ofStart.map(({ revision, count }) => ({ revision, count }))).toEqual([
      { revision: 0, count: 1 },
      { revision: 1, count: 2 },
    ])
    expect(aggregatesIn(outputs, 'aggregates-1h')).toMatchObject([{ count: 3, mean: 2 }])
  })

  test('that no window is kept for is counted and told, and told to be over after a minute', () => {
    const outputs = run(aggregator({ lateness1sMs: 1_000 }), [
      telemetry(1, [speed(30 * second, 1)]),
      telemetry(2, [speed(0, 2), speed(1, 3)]),
      telemetry(3, [speed(31 * second, 1)]),
      telemetry(4, [speed(91 * second, 1)]),
    ])
    const told = signalsIn(outputs)
    expect(told.map(({ signal, verdict, value }) => ({ signal, verdict, value }))).toEqual([
      { signal: 'not-aggregated', verdict: 'warning', value: 2 },
      { signal: 'not-aggregated', verdict: 'normal', value: 2 },
    ])
    expect(told[0]!.details).toEqual({ late1s: 2, late1m: 0, late1h: 0, unreadable: 0, ahead: 0 })
    expect(aggregatesIn(outputs, 'aggregates-1m')).toMatchObject([{ count: 4 }])
  })

  test('is told again at ten times as many, until a clock that was wrong is believed no more', () => {
    const wrongClock = telemetry(1, [{ tag: 'speed', t: 9e15, value: 1 }])
    const late = Array.from({ length: 150 }, (_, i) => telemetry(i + 2, [speed(i * second, i)]))
    const told = signalsIn(run(aggregator(), [wrongClock, ...late])).filter(
      ({ signal }) => signal === 'not-aggregated',
    )
    expect(told.map(({ value, verdict }) => ({ value, verdict }))).toEqual([
      { value: 1, verdict: 'warning' },
      { value: 10, verdict: 'warning' },
      { value: 11, verdict: 'warning' },
      { value: 11, verdict: 'normal' },
    ])
    expect(told[0]!.reason).toContain('check the clock')
  })
})

describe('nothing is lost or doubled', () => {
  const rowOf = fc.record({
    tag: fc.constantFrom('speed', 'mode', 'torque'),
    t: fc
      .oneof(
        fc.integer({ min: 0, max: 200 * second }),
        fc.integer({ min: 0, max: 200 }).map(s => s * second),
      )
      .map(t => hour + t),
    value: fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(x => x + 0), // JSON has no -0
      fc.constantFrom('idle', null, true),
    ),
    status: fc.constantFrom(0, 0, 0, 0x80000000),
  })
  const rowsOf = fc.array(rowOf, { minLength: 1, maxLength: 120 })
  const end = (seq: number) => telemetry(seq, [{ tag: 'end', t: hour + 60 * minute, value: 0 }])

  /** Cuts rows into records of the given lengths, in turn. */
  function cut(rows: readonly Row[], lengths: readonly number[]): ProcessorEvent[] {
    const events: ProcessorEvent[] = []
    for (let at = 0, i = 0; at < rows.length; i++) {
      const length = lengths[i % lengths.length]!
      events.push(telemetry(i + 1, rows.slice(at, at + length)))
      at += length
    }
    return [...events, end(events.length + 1)]
  }

  const comparable = ({ revision: _, evidence: __, ...rest }: Aggregate) => rest

  test('of samples in the order of time the cut into records changes nothing', () => {
    fc.assert(
      fc.property(rowsOf, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (rows, lengths) => {
        const ordered = rows.toSorted((a, b) => a.t - b.t)
        const [a, b] = [cut(ordered, [ordered.length]), cut(ordered, lengths)].map(events =>
          run(aggregator(), events),
        )
        const values = (outputs: Output[]) =>
          Array.from(finals(outputs), ([key, record]) => [key, comparable(record)])
        expect(values(b!).sort()).toEqual(values(a!).sort())
        expect(b!.every(({ value }) => !('revision' in value) || value.revision === 0)).toBe(true)
      }),
    )
  })

  test('in any order and cut, the last revisions equal what the samples give directly', () => {
    const unlimited = { lateness1sMs: 86_400_000, lateness1mMs: 86_400_000, lateness1hMs: 86_400_000 }
    fc.assert(
      fc.property(rowsOf, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (rows, lengths) => {
        const last = finals(run(aggregator(unlimited), cut(rows, lengths)))
        for (const [topic, size] of [
          ['aggregates-1s', second],
          ['aggregates-1m', minute],
          ['aggregates-1h', 60 * minute],
        ] as const) {
          const groups = Map.groupBy(rows, ({ tag, t }) => `${topic} ${tag} ${Math.floor(t / size) * size}`)
          for (const [key, group] of groups) expectEqual(last.get(key), group)
          expect([...last.keys()].filter(key => key.startsWith(topic) && !key.includes(' end ')).length).toBe(
            groups.size,
          )
        }
      }),
    )
  })

  function expectEqual(record: Aggregate | undefined, group: readonly Row[]): void {
    const good = group.filter(({ status }) => status === 0)
    const numbers = good.flatMap(({ value }) => (typeof value === 'number' ? [value] : []))
    expect(record).toMatchObject({
      count: group.length,
      good: good.length,
      min: numbers.length > 0 ? Math.min(...numbers) : null,
      max: numbers.length > 0 ? Math.max(...numbers) : null,
    })
    if (numbers.length === 0) return
    expect(Math.abs(record!.mean! - moments(numbers).mean)).toBeLessThan(1e-6)
    if (numbers.length > 1) expect(Math.abs(record!.std! - moments(numbers).std)).toBeLessThan(1e-6)
  }

  test('the same input gives the same bytes, with or without its state having gone through JSON', () => {
    fc.assert(
      fc.property(rowsOf, rows => {
        const events = cut(rows, [5])
        const kept = aggregator()
        const state = kept.initial()
        const direct = events.flatMap(event => kept.step(state, event)[1])
        expect(JSON.stringify(run(aggregator(), events))).toBe(JSON.stringify(direct))
      }),
    )
  })

  test('the state of a tag that fell silent is let go', () => {
    const processor = aggregator()
    const state = processor.initial()
    processor.step(state, telemetry(1, [speed(0, 1)]))
    processor.step(state, telemetry(2, [tick(3 * 60 * minute)]))
    expect(Object.keys(state.series)).toEqual(['mode'])
  })
})
