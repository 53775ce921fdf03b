import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregate, ProcessorEvent, Tag } from '../../model/index.ts'
import { increaseOf } from '../../processors/aggregate/course.ts'
import { AggregateOptions, aggregate } from '../../processors/aggregate/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import { asset, hour, type Row, recordOf, run, second, tagNamed } from './records.ts'

const tags: Tag[] = [
  { ...tagNamed('load'), aggregate: 'time-weighted' },
  { ...tagNamed('parts'), aggregate: 'counter', wrap: 1_000 },
  { ...tagNamed('mode'), aggregate: 'states' },
  tagNamed('other'),
]
type Topic = 'aggregates-1s' | 'aggregates-1m' | 'aggregates-1h'

const at = (tag: string, t: number, value: unknown, status = 0): Row => ({ tag, t: hour + t, value, status })
const arrives = (seq: number, receivedAt: number, rows: Row[]): ProcessorEvent => ({
  kind: 'telemetry',
  record: recordOf(seq, rows),
  receivedAt: hour + receivedAt,
})
/** Closes everything of the first hour and lets it be. */
const end = [0, 6, 12].map(s =>
  arrives(9_000 + s, (7_200 + s) * second, [at('other', (7_200 + s) * second, 0)]),
)

/** The last word on every window of a tag. */
function finals(events: readonly ProcessorEvent[], topic: Topic, tag: string): Aggregate[] {
  const options = checkedOptions(AggregateOptions, {}, 'test') as AggregateOptions
  const last = new Map<number, Aggregate>()
  for (const output of run(aggregate({ id: asset, tags }, options), [...events, ...end])) {
    if (output.topic === topic && output.value.tag === tag) last.set(output.value.start, output.value)
  }
  return [...last.values()].sort((a, b) => a.start - b.start)
}

const rowsEach = (rows: Row[]) => rows.map((row, i) => arrives(i + 1, row.t - hour, [row]))

describe('a time-weighted tag', () => {
  const rows = [at('load', 0, 10), at('load', 15 * second, 40), at('load', 75 * second, 0)]

  test('has a mean in which a value counts as long as it was held, across windows', () => {
    const minutes = finals(rowsEach(rows), 'aggregates-1m', 'load')
    expect(minutes.map(({ mean, timeMean }) => [mean, timeMean])).toEqual([
      [25, (15 * 10 + 45 * 40) / 60],
      [0, (15 * 40 + 45 * 0) / 60],
    ])
    expect(finals(rowsEach(rows), 'aggregates-1h', 'load')[0]!.timeMean).toBeCloseTo(
      (150 + 60 * 40) / 3_600,
      12,
    )
  })

  test('counts the time of bad values not at all', () => {
    const bad = [at('load', 0, 10), at('load', 10 * second, 1e9, 0x80000000), at('load', 50 * second, 20)]
    expect(finals(rowsEach(bad), 'aggregates-1m', 'load')[0]!.timeMean).toBe(15)
  })
})

describe('a counter', () => {
  test.each([
    [10, 15, undefined, 5],
    [995, 3, 1_000, 8],
    [995, 3, undefined, 3],
    [300, 2, 1_000, 2],
    [5, -1, undefined, 0],
  ])('that goes from %d to %d with a range of %s has increased by %d', (from, to, wrap, increase) => {
    expect(increaseOf(from, to, wrap)).toBe(increase)
  })

  test('has increases that add up over windows, wraps and bad samples', () => {
    const values = Array.from({ length: 100 }, (_, i) => (900 + 3 * i) % 1_000)
    const rows = values.map((value, i) => at('parts', i * second, value, i % 9 === 4 ? 0x80000000 : 0))
    const increases = (topic: Topic) =>
      finals(rowsEach(rows), topic, 'parts').map(({ increase }) => increase!)
    expect(increases('aggregates-1m')).toEqual([177, 120])
    expect(increases('aggregates-1s').reduce((a, b) => a + b)).toBe(297)
    expect(increases('aggregates-1h')).toEqual([297])
  })
})

describe('states', () => {
  test('are told with their seconds, across windows, and what is not known by name', () => {
    const rows = [
      at('mode', 10 * second, 'run'),
      at('mode', 40 * second, 'stop'),
      at('mode', 70 * second, 'run', 0x80000000),
      at('mode', 100 * second, true),
    ]
    expect(finals(rowsEach(rows), 'aggregates-1m', 'mode').map(({ states }) => states)).toEqual([
      { run: 30, stop: 20 },
      { stop: 10, 'not-known': 30, true: 20 },
    ])
    expect(finals(rowsEach(rows), 'aggregates-1h', 'mode')[0]!.states).toEqual({
      run: 30,
      stop: 30,
      'not-known': 30,
      true: 3_500,
    })
  })

  test('may have any name', () => {
    const rows = [at('mode', 0, '__proto__'), at('mode', second, 'constructor'), at('mode', 3 * second, 'x')]
    const [first] = finals(rowsEach(rows), 'aggregates-1m', 'mode')
    expect(Object.entries(first!.states!)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['x', 57],
    ])
  })
})

describe('whatever the order within the lateness of seconds', () => {
  test('a late sample is held in the windows after its own, which are given out again', () => {
    const rows = [at('mode', 120_001_000, 'stop'), at('load', 121 * second, 0)]
    const late = at('mode', 112_876_000, 'run')
    const events = [...rows, late].map((row, i) => arrives(i + 1, 121 * second, [row]))
    const [own, next] = finals(events, 'aggregates-1s', 'mode')
    expect(own).toMatchObject({ revision: 0, late: 1, states: { run: 0.124 } })
    expect(next).toMatchObject({ revision: 1, count: 1, states: { run: 0.001, stop: 0.999 } })
    expect(next).not.toHaveProperty('late')
  })

  const sample = fc.record({
    tag: fc.constantFrom('load', 'parts', 'mode'),
    t: fc.integer({ min: 0, max: 200_000 }).map(ms => ms * 1_000),
    value: fc.integer({ min: 0, max: 999 }),
    delay: fc.integer({ min: 0, max: 9_900 }).map(ms => ms * 1_000),
  })
  const samples = fc.uniqueArray(sample, { minLength: 1, maxLength: 60, selector: ({ t }) => t })

  test('all of it is the same at the end', () => {
    fc.assert(
      fc.property(samples, late => {
        const events = (delayed: boolean) =>
          late
            .map(({ tag, t, value, delay }) => ({
              row: at(tag, t, value),
              receipt: t + (delayed ? delay : 0),
            }))
            .toSorted((a, b) => a.receipt - b.receipt)
            .map(({ row, receipt }, i) => arrives(i + 1, receipt, [row]))
        const [shuffled, ordered] = [events(true), events(false)]
        for (const topic of ['aggregates-1s', 'aggregates-1m', 'aggregates-1h'] as const) {
          for (const tag of ['load', 'parts', 'mode']) {
            const of = (given: ProcessorEvent[]) =>
              finals(given, topic, tag).map(({ start, count, timeMean, increase, states }) => ({
                start,
                count,
                timeMean: timeMean && Number(timeMean.toPrecision(9)),
                increase,
                states: states && Object.entries(states).map(([name, s]) => [name, Number(s.toFixed(6))]),
              }))
            expect(of(shuffled)).toEqual(of(ordered))
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})
