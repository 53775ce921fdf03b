import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregate, Output, ProcessorEvent } from '../../model/index.ts'
import { AggregateOptions, type AggregateState, aggregate } from '../../processors/aggregate/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import { asset, hour, type Row, recordOf, run, second, signalsIn, tagNamed } from './records.ts'

const minute = 60 * second
const tags = [tagNamed('speed'), tagNamed('torque')]

function aggregator(options: Partial<AggregateOptions> = {}) {
  return aggregate({ id: asset, tags }, checkedOptions(AggregateOptions, options, 'test') as AggregateOptions)
}

/** A record of a source with its receipt, as Kafka stamps it. */
function from(source: string, seq: number, rows: readonly Row[], receivedAt?: number): ProcessorEvent {
  return {
    kind: 'telemetry',
    record: { ...recordOf(seq, rows), source },
    ...(receivedAt !== undefined && { receivedAt }),
  }
}

const at = (t: number, value: unknown = 1, tag = 'speed'): Row => ({ tag, t: hour + t, value })

/** One sample a second from `first` on, its source time being `offset` ahead of its receipt. */
function seconds(
  count: number,
  { first = 0, offset = 0, source = 'press', tag = 'speed' },
): ProcessorEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const t = (first + i) * second
    return from(source, first + i + 1, [at(t + offset, 1, tag)], hour + t)
  })
}

function of1s(outputs: readonly Output[], tag = 'speed'): Aggregate[] {
  return outputs.flatMap(({ topic, value }) =>
    topic === 'aggregates-1s' && (value as Aggregate).tag === tag ? [value as Aggregate] : [],
  )
}

const clocks = (outputs: readonly Output[]) => signalsIn(outputs).filter(({ signal }) => signal === 'clock')

describe('an asset with two sources', () => {
  test('closes a window when the slower one has passed it', () => {
    const outputs = run(aggregator(), [
      from('slow', 1, [at(0, 1, 'torque'), at(2 * second, 1, 'torque')], hour + 5 * second),
      from('fast', 1, [at(0), at(3 * second), at(5 * second)], hour + 5 * second),
      from('fast', 2, [at(6 * second)], hour + 6 * second),
      from('slow', 2, [at(4 * second, 1, 'torque')], hour + 6 * second),
    ])
    const starts = (tag: string) => of1s(outputs, tag).map(({ start }) => (start - hour) / second)
    expect(starts('torque')).toEqual([0, 2])
    expect(starts('speed')).toEqual([0, 3])
  })

  test('goes on without the one that has stopped, and takes what it then brings as late', () => {
    const both = [
      ...seconds(3, { source: 'steady' }),
      from('stopping', 1, [at(2 * second, 1, 'torque')], hour + 2 * second),
    ]
    const outputs = run(aggregator(), [...both, ...seconds(20, { first: 3, source: 'steady' })])
    const closed = of1s(outputs).map(({ start }) => (start - hour) / second)
    expect(closed).toEqual(Array.from({ length: 22 }, (_, i) => i))
    const back = from('stopping', 2, [at(15 * second, 1, 'torque')], hour + 23 * second)
    const late = run(aggregator(), [...both, ...seconds(20, { first: 3, source: 'steady' }), back])
    expect(of1s(late, 'torque').at(-1)).toMatchObject({ start: hour + 15 * second, count: 1, late: 1 })
  })
})

describe('a recording that is played', () => {
  test('fifty times as fast as it was made closes its windows as it goes, pauses in it included', () => {
    const longAgo = 3_000 * 60 * minute
    let t = -longAgo
    const events = Array.from({ length: 40 }, (_, i) => {
      t += (i % 7 === 3 ? 11 : 10) * second
      return from('press', i + 1, [at(t)], hour + i * 0.2 * second)
    })
    const outputs = run(aggregator(), [
      ...events,
      from('press', 41, [at(t + 60 * minute)], hour + 9 * second),
    ])
    expect(clocks(outputs).filter(({ verdict }) => verdict !== 'normal')).toEqual([])
    expect(of1s(outputs)).toHaveLength(40)
  })
})

describe('a clock that jumps', () => {
  test('ahead for one sample closes no window, loses nothing, and is told', () => {
    const spike = from('press', 6, [at(5 * second), at(2 * 60 * minute)], hour + 5 * second)
    const events = [...seconds(5, {}), spike, ...seconds(5, { first: 6 })]
    const outputs = run(aggregator(), events)
    expect(
      of1s(outputs).map(({ start, count, revision }) => [(start - hour) / second, count, revision]),
    ).toEqual(Array.from({ length: 10 }, (_, i) => [i, 1, 0]))
    expect(clocks(outputs)).toMatchObject([{ verdict: 'warning', unit: 'ms' }])
    expect(clocks(outputs)[0]!.reason).toContain('120 min ahead')
  })

  test('ahead and stays there is taken as the time once that has lasted', () => {
    const outputs = run(aggregator(), [
      ...seconds(30, {}),
      ...seconds(30, { first: 30, offset: 60 * minute }),
    ])
    const ahead = of1s(outputs).filter(({ start }) => start > hour + 30 * minute)
    expect(ahead.length).toBe(29)
    expect(of1s(outputs).every(({ count, revision }) => count === 1 && revision === 0)).toBe(true)
    expect(clocks(outputs).map(({ reason }) => reason.replace(/.*; /, ''))).toEqual([
      'windows wait until it lasts',
      'that has lasted and is taken as the time: its clock was set',
    ])
  })

  test('back is told at once, and then taken: windows that come a second time replace the first', () => {
    const outputs = run(aggregator(), [
      ...seconds(30, { offset: 60 * minute }),
      ...seconds(3_700, { first: 30 }),
    ])
    const told = clocks(outputs).map(({ reason }) => reason)
    expect(told[1]).toContain('60 min back')
    expect(told.some(reason => reason.includes('its clock was set back'))).toBe(true)
    const twice = of1s(outputs).filter(({ start }) => start === hour + 60 * minute + 10 * second)
    expect(twice.map(({ revision }) => revision)).toEqual([0, expect.any(Number)])
    expect(twice[1]!.revision).toBeGreaterThan(0)
    const lost = signalsIn(outputs).filter(({ signal }) => signal === 'not-aggregated')
    expect(lost.at(-1)).toMatchObject({ verdict: 'normal', value: 11 })
  })

  test('and stored samples that are delivered at once are late data: time stays', () => {
    const stored = Array.from({ length: 60 }, (_, i) =>
      from('press', i + 101, [at((i - 3_600) * second)], hour + (30 + i / 10) * second),
    )
    const events = [...seconds(30, {}), ...stored, ...seconds(5, { first: 36 })]
    const outputs = run(aggregator(), events)
    expect(clocks(outputs)).toHaveLength(1)
    expect(of1s(outputs).at(-1)).toMatchObject({ start: hour + 39 * second, revision: 0 })
  })

  test('is not suspected where a source paused, or where its clock always was wrong', () => {
    const late = [
      ...seconds(10, { offset: -26 * 60 * minute }),
      ...seconds(10, { first: 5_000, offset: -26 * 60 * minute }),
    ]
    const outputs = run(aggregator(), late)
    expect(clocks(outputs)).toEqual([])
    expect(of1s(outputs)).toHaveLength(19)
  })

  test('is told as long as it is ahead of the receipt of its samples', () => {
    const [first] = clocks(run(aggregator(), seconds(3, { offset: 5 * minute })))
    expect(first).toMatchObject({ verdict: 'warning', value: 300_000 })
    expect(first!.reason).toBe(
      'The clock of source press is 5 min ahead of the time at which its samples arrive',
    )
  })
})

describe('whatever the order within the lateness', () => {
  const row = fc.record({
    source: fc.constantFrom('press', 'robot'),
    t: fc.integer({ min: 0, max: 90_000 }).map(ms => ms * 1_000),
    // The square of less is no whole double any more.
    value: fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(x => (Math.abs(x) < 1e-100 ? 0 : x)),
    delay: fc.integer({ min: 0, max: 9_900 }).map(ms => ms * 1_000),
  })
  const rows = fc.array(row, { minLength: 1, maxLength: 80 })
  type Late = { source: string; t: number; value: number; delay: number }

  /** Every sample arrives `delay` after its time; records of `length` samples of one source. */
  function arriving(late: readonly Late[], length: number): ProcessorEvent[] {
    const events = late
      .toSorted((a, b) => a.t + a.delay - b.t - b.delay)
      .map(({ source, t, value, delay }) => ({ source, row: at(t, value), receivedAt: hour + t + delay }))
    const records: ProcessorEvent[] = []
    for (let i = 0; i < events.length; ) {
      const { source } = events[i]!
      let n = 1
      while (n < length && events[i + n]?.source === source) n++
      const part = events.slice(i, i + n)
      records.push(
        from(
          source,
          records.length + 1,
          part.map(({ row }) => row),
          part.at(-1)!.receivedAt,
        ),
      )
      i += n
    }
    const ends = [0, 6, 12, 18].flatMap(after =>
      ['press', 'robot'].map(source => {
        const t = (7_200 + after) * second
        return from(source, 1_000 + after, [at(t, 0, 'torque')], hour + t)
      }),
    )
    return [...records, ...ends]
  }

  function finals(outputs: readonly Output[]) {
    const last = new Map<string, Aggregate>()
    for (const { topic, value } of outputs) {
      if (!topic.startsWith('aggregates')) continue
      const record = value as Aggregate
      if (record.tag !== 'speed') continue
      const key = `${topic} ${record.start}`
      expect(record.revision).toBeGreaterThanOrEqual(last.has(key) ? last.get(key)!.revision + 1 : 0)
      last.set(key, record)
    }
    // What lies below the resolution of a double beside the values depends on their order.
    const resolved = (x: number | null, scale: number) =>
      x === null ? null : Math.round(x / (1e-9 * scale || 1)) + 0
    return new Map(
      Array.from(last, ([key, { count, good, min, max, mean, std }]) => {
        const scale = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0))
        return [key, { count, good, min, max, mean: resolved(mean, scale), std: resolved(std, scale) }]
      }),
    )
  }

  test('the last revisions are the same', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), (late, length) => {
        const inOrder = late.map(one => ({ ...one, delay: 0 }))
        const outputs = run(aggregator(), arriving(late, length))
        expect(signalsIn(outputs)).toEqual([])
        expect(finals(outputs)).toEqual(finals(run(aggregator(), arriving(inOrder, 1))))
      }),
      { numRuns: 200 },
    )
  })
})

test('goes on from a state of the first version', () => {
  const kept = [hour - second, 1, 1, 1, 5, 0, 5, 5, 5, hour - second, 1]
  const open = {
    start: hour,
    count: 1,
    good: 1,
    n: 1,
    mean: 4,
    m2: 0,
    min: 4,
    max: 4,
    last: 4,
    lastT: hour,
    emitted: 0,
  }
  const first = {
    watermark: hour,
    series: { speed: { open: [[open], [], []], kept: [[kept], [], []] } },
    spans: [[], [], []],
    losses: { late: [1, 0, 0], unreadable: 0, told: 1, toldAt: hour, verdict: 'warning' },
  } as unknown as AggregateState
  const [state, outputs] = aggregator().step(first, from('press', 9, [at(-1), at(1, 6), at(second)]))
  expect(of1s(outputs)).toMatchObject([
    { start: hour - second, count: 2, revision: 1, late: 1 },
    { start: hour, count: 2, mean: 5, revision: 0 },
  ])
  expect(state.losses.late).toEqual([1, 0, 0])
})
