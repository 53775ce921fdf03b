import { describe, expect, test } from 'vitest'
import { lifecycle } from '../../alarms/lifecycle.ts'
import type { Aggregate, Output, ProcessorEvent, Signal } from '../../model/index.ts'
import { AggregateOptions, aggregate } from '../../processors/aggregate/index.ts'
import { chainFor, runTick, type States } from '../../processors/chain.ts'
import { heartbeat } from '../../processors/heartbeat/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import { windows } from '../../processors/windows/index.ts'
import { asset, declared, hour, recordOf, run, second, signalsIn, tagNamed } from './records.ts'

const minute = 60 * second
const tags = [tagNamed('speed', 'rpm')]
const aggregator = () =>
  aggregate({ id: asset, tags }, checkedOptions(AggregateOptions, {}, 'test') as AggregateOptions)

/** The sample of second `s`, received then; its own clock is `offset` ahead. */
const sample = (s: number, offset = 0): ProcessorEvent => ({
  kind: 'telemetry',
  record: recordOf(s + 1, [{ tag: 'speed', t: hour + s * second + offset, value: s % 7 }]),
  receivedAt: hour + s * second,
})
const tick = (s: number): ProcessorEvent => ({ kind: 'tick', t: hour + s * second })
const range = <T>(from: number, to: number, make: (s: number) => T): T[] =>
  Array.from({ length: to - from }, (_, i) => make(from + i))
/** As the shell gives them: a tick before the record of each second. */
const talking = (from: number, to: number, offset = 0) =>
  range(from, to, s => [tick(s), sample(s, offset)]).flat()

type Told = [topic: string, start: number, count: number, revision: number]
function told(outputs: readonly Output[]): Told[] {
  return outputs.flatMap(({ topic, value }) => {
    if (!topic.startsWith('aggregates')) return []
    const { start, count, revision } = value as Aggregate
    return [[topic, (start - hour) / second, count, revision] satisfies Told]
  })
}

describe('the aggregates of a machine that falls silent', () => {
  test('give out what has ended, the minute and the hour too, once each', () => {
    const outputs = run(aggregator(), [...talking(0, 90), ...range(90, 4_000, tick)])
    const after = told(outputs).slice(-4)
    expect(after).toEqual([
      ['aggregates-1s', 88, 1, 0],
      ['aggregates-1s', 89, 1, 0],
      ['aggregates-1m', 60, 30, 0],
      ['aggregates-1h', 0, 90, 0],
    ])
  })

  test('say the same to the last bit as they do when it goes on, and no window twice', () => {
    const comparable = (outputs: readonly Output[]) =>
      outputs
        .filter(
          ({ topic, value }) =>
            topic.startsWith('aggregates') && (value as Aggregate).start < hour + 90 * second,
        )
        .map(output => JSON.stringify(output))
        .sort()
    const silent = run(aggregator(), [...talking(0, 90), ...range(90, 4_000, tick), sample(8_000)])
    const going = run(aggregator(), [...talking(0, 90), sample(8_000)])
    const [hourSilent, hourGoing] = [silent, going].map(outputs => comparable(outputs))
    expect(hourSilent).toEqual(hourGoing)
  })

  test('of a state are whole once the machine goes on, and counters are not told twice', () => {
    const followed = [
      { ...tagNamed('mode'), aggregate: 'states' as const },
      { ...tagNamed('parts'), aggregate: 'counter' as const },
    ]
    const at = (s: number, value: string): ProcessorEvent => {
      const rows = [
        { tag: 'mode', t: hour + s * second, value },
        { tag: 'parts', t: hour + s * second, value: s },
      ]
      return { kind: 'telemetry', record: recordOf(s + 1, rows), receivedAt: hour + s * second }
    }
    const minutes = (silence: readonly ProcessorEvent[], of: string) =>
      run(
        aggregate(
          { id: asset, tags: followed },
          checkedOptions(AggregateOptions, {}, 'test') as AggregateOptions,
        ),
        [at(0, 'run'), at(5, 'stop'), ...silence, at(400, 'run')],
      )
        .filter(({ topic, value }) => topic === 'aggregates-1m' && (value as Aggregate).tag === of)
        .map(({ value }) => value as Aggregate)
    const modes = minutes(range(6, 400, tick), 'mode')
    expect(modes.map(({ revision, states }) => [revision, states])).toEqual([
      [0, { run: 5 }],
      [1, { run: 5, stop: 55 }],
    ])
    expect(modes.at(-1)).toEqual({ ...minutes([], 'mode').at(-1), revision: 1 })
    expect(minutes(range(6, 400, tick), 'parts')).toEqual(minutes([], 'parts'))
  })

  test('take what comes after all as in time, with the next revision', () => {
    const stored = range(90, 100, sample).map(event => ({ ...event, receivedAt: hour + 300 * second }))
    const outputs = run(aggregator(), [
      ...talking(0, 90),
      ...range(90, 300, tick),
      ...(stored as ProcessorEvent[]),
      sample(400),
    ])
    const minutes = told(outputs).filter(([topic, start]) => topic === 'aggregates-1m' && start === 60)
    expect(minutes.map(([, , count, revision]) => [count, revision])).toEqual([
      [30, 0],
      [40, 1],
    ])
    expect(signalsIn(outputs)).toEqual([])
  })

  test('go by its own clock, however wrong that is', () => {
    const outputs = run(aggregator(), [...talking(0, 90, -50 * minute), ...range(90, 160, tick)])
    expect(told(outputs).filter(([topic]) => topic === 'aggregates-1m')).toHaveLength(2)
  })

  test('are left as they are by a tick while it talks', () => {
    const processor = aggregator()
    const state = processor.initial()
    processor.step(state, sample(0))
    const before = JSON.stringify(state)
    const [after, outputs] = processor.step(state, tick(1))
    expect(after).toBe(state)
    expect([JSON.stringify(after), outputs]).toEqual([before, []])
  })
})

test('a window of a signal is given out when its machine falls silent', () => {
  const processor = declared(windows, tags, 'burst', {
    tag: 'speed',
    window: 'session',
    gapMs: 3_000,
    statistic: 'count',
  })
  const signals = signalsIn(run(processor, [...talking(0, 5), ...range(5, 60, tick)]))
  expect(signals.map(({ value }) => value)).toEqual([5])
})

describe('a heartbeat', () => {
  const beat = (given = {}) => declared(heartbeat, tags, 'talks', { afterMs: 10_000, ...given })
  const brief = ({ verdict, value, reason }: Signal) => [verdict, value, reason]

  test('raises its signal once it is missed, and says when the machine talks again', () => {
    const signals = signalsIn(run(beat(), [...talking(0, 5), ...range(5, 60, tick), ...talking(60, 70)]))
    expect(signals.map(brief)).toEqual([
      ['normal', 0, 'It talks'],
      ['warning', 10, 'No record of it for 10 s, since 2026-01-01T00:00:04.000Z; its heartbeat is 10 s'],
      ['normal', 0, 'It talks again, after 56 s without a record'],
    ])
    expect(signals[1]!.t).toBe(hour + 14 * second)
  })

  test('says it again every so often while the silence lasts', () => {
    const signals = signalsIn(run(beat({ everyMs: 60_000 }), [...talking(0, 1), ...range(1, 200, tick)]))
    expect(signals.map(({ value }) => value)).toEqual([0, 10, 70, 130, 190])
  })

  test('is missed by a machine that has never talked', () => {
    const [only] = signalsIn(run(beat({ severity: 'alarm' }), range(0, 12, tick)))
    expect(only).toMatchObject({ verdict: 'alarm', evidence: [] })
    expect(only!.reason).toContain('since it was first looked for')
  })

  test('is kept by a waveform, and by samples of any quality; a record without samples keeps none', () => {
    const block = {
      asset,
      tag: 'a',
      source: 'press',
      epoch: 1,
      seq: 9,
      t: hour,
      rateHz: 1,
      unit: 'g',
      status: 0,
    }
    const waveform = (s: number): ProcessorEvent => ({
      kind: 'waveform',
      block: { ...block, samples: new Float32Array(1) },
      receivedAt: hour + s * second,
    })
    const empty = (s: number): ProcessorEvent => ({
      kind: 'telemetry',
      record: recordOf(s, []),
      receivedAt: hour + s * second,
    })
    const kept = range(0, 30, s => [tick(s), s % 5 === 0 ? waveform(s) : empty(s)]).flat()
    expect(signalsIn(run(beat(), kept)).map(({ verdict }) => verdict)).toEqual(['normal'])
    const missed = range(0, 30, s => [tick(s), empty(s + 1)]).flat()
    expect(signalsIn(run(beat(), missed)).map(({ verdict }) => verdict)).toEqual(['warning'])
  })

  test('that is missed is an alarm of the asset', () => {
    const chain = chainFor(
      { id: asset, tags, signals: [{ processor: 'heartbeat', name: 'talks', afterMs: 5_000 }] },
      [lifecycle() as never],
    )
    const states: States = new Map()
    const steps = range(0, 7, s => runTick(states, chain, hour + s * second))
    expect(steps.map(({ changed }) => [...changed])).toEqual([
      ['talks'],
      [],
      [],
      [],
      [],
      ['talks', 'alarms'],
      [],
    ])
    expect(steps.flatMap(({ outputs }) => outputs.map(({ topic }) => topic))).toEqual([
      'signals',
      'alarms',
      'alarm-events',
    ])
  })
})
