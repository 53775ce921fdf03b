import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../model/index.ts'
import { windows } from '../../processors/windows/index.ts'
import { createRandom } from '../simulator/random.ts'
import { asset, declared, hour, type Row, recordOf, run, second, signalsIn, tagNamed } from './records.ts'

const tags = [tagNamed('load', 'kN'), tagNamed('other')]
const kind = (given: Record<string, unknown>) =>
  declared(windows, tags, 'load-lately', { tag: 'load', latenessMs: 10_000, ...given })
const hoppingMinute = { window: 'hopping', sizeMs: 60_000, everyMs: 15_000 }
const sessions = { window: 'session', gapMs: 5_000 }

const row = (t: number, value: unknown = 1, status = 0): Row => ({ tag: 'load', t: hour + t, value, status })
const arrives = (seq: number, t: number, rows: Row[]): ProcessorEvent => ({
  kind: 'telemetry',
  record: recordOf(seq, rows),
  receivedAt: hour + t,
})
const other = (seq: number, t: number) => arrives(seq, t, [{ tag: 'other', t: hour + t, value: 0 }])
const startOf = ({ details }: Signal) => (Number(details!.start) - hour) / second

describe('a hopping window', () => {
  test('gives the statistic of every window, as its samples do directly', () => {
    const random = createRandom(7, 'hopping')
    const values = Array.from({ length: 180 }, () => 50 + 10 * random.gaussian())
    const events = values.map((value, i) => arrives(i + 1, i * second, [row(i * second, value)]))
    const signals = signalsIn(run(kind({ ...hoppingMinute, alarm: { above: 1e3 } }), events))
    const whole = signals.filter(signal => startOf(signal) >= 0)
    expect(whole.map(startOf)).toEqual([0, 15, 30, 45, 60, 75, 90, 105])
    for (const signal of whole) {
      const part = values.slice(startOf(signal), startOf(signal) + 60)
      expect(signal.value).toBeCloseTo(part.reduce((a, b) => a + b) / 60, 9)
      expect(signal).toMatchObject({ verdict: 'normal', unit: 'kN', details: { count: 60, revision: 0 } })
    }
  })

  test('goes beyond its limit, and says it in one sentence', () => {
    const events = Array.from({ length: 63 }, (_, i) => arrives(i + 1, i * second, [row(i * second, 80)]))
    const last = signalsIn(run(kind({ ...hoppingMinute, warning: { above: 70 } }), events)).at(-1)!
    expect(last).toMatchObject({ verdict: 'warning', value: 80 })
    expect(last.reason).toBe(
      'The mean of load in the window that began at 2026-01-01T00:00:00.000Z was 80 kN, beyond its warning limit',
    )
  })

  test.each([
    ['bad', row(1, 5, 0x80000000)],
    ['not a number', row(1, 'NaN')],
    ['text', row(1, 'off')],
  ])('with nothing good in it is not known: %s', (_, bad) => {
    const [only] = signalsIn(
      run(kind({ window: 'hopping', sizeMs: 1_000 }), [arrives(1, 0, [bad]), other(2, second)]),
    )
    expect(only).toMatchObject({ value: null, verdict: 'not-known', details: { count: 1 } })
    expect(only!.reason).toContain('too few good numbers')
  })

  test('counts what comes after it was let go', () => {
    const events = [
      arrives(1, 0, [row(0)]),
      other(2, 60 * second),
      arrives(3, 61 * second, [row(1)]),
      arrives(4, 62 * second, [row(62 * second)]),
      other(5, 64 * second),
    ]
    const signals = signalsIn(run(kind({ window: 'hopping', sizeMs: 1_000 }), events))
    expect(signals.map(({ details }) => details!.tooLate)).toEqual([0, 1])
  })
})

describe('a session', () => {
  test('ends with a gap, and has a duration', () => {
    const events = [0, 1, 2, 9, 10, 20].map((s, i) => arrives(i + 1, s * second, [row(s * second)]))
    const signals = signalsIn(run(kind({ ...sessions, statistic: 'duration' }), events))
    expect(signals.map(signal => [startOf(signal), signal.value, signal.unit])).toEqual([
      [0, 2, 's'],
      [9, 1, 's'],
    ])
  })

  test('is joined with another by a late sample, which takes back the other', () => {
    const late = arrives(4, 14 * second, [row(4 * second)])
    const events = [
      arrives(1, 0, [row(0)]),
      arrives(2, 8 * second, [row(8 * second)]),
      other(3, 14 * second),
      late,
    ]
    const signals = signalsIn(run(kind({ ...sessions, statistic: 'count' }), events))
    expect(signals.map(signal => [startOf(signal), signal.value, signal.details!.revision])).toEqual([
      [0, 1, 0],
      [8, 1, 0],
      [8, null, 1],
      [0, 3, 1],
    ])
    expect(signals[2]!.reason).toContain(
      'joined this session with the one that began at 2026-01-01T00:00:00.000Z',
    )
  })
})

describe('whatever the order within the lateness', () => {
  const sample = fc.record({
    t: fc.integer({ min: 0, max: 90_000 }).map(ms => ms * 1_000),
    value: fc.integer({ min: -100, max: 100 }),
    delay: fc.integer({ min: 0, max: 9_900 }).map(ms => ms * 1_000),
  })
  const samples = fc.array(sample, { minLength: 1, maxLength: 40 })
  type Late = { t: number; value: number; delay: number }

  function finals(given: Record<string, unknown>, late: readonly Late[]): unknown[] {
    const events = late
      .toSorted((a, b) => a.t + a.delay - b.t - b.delay)
      .map(({ t, value, delay }, i) => arrives(i + 1, t + delay, [row(t, value)]))
    const end = [0, 6, 12].map((s, i) => other(1_000 + i, (600 + s) * second))
    const last = new Map<number, Signal>()
    for (const signal of signalsIn(run(kind(given), [...events, ...end]))) last.set(startOf(signal), signal)
    // What is zero but for the order of additions is not minus zero.
    const rounded = (value: number) => Number(value.toFixed(6)) + 0
    return [...last]
      .filter(([, { reason }]) => !reason.includes('joined'))
      .map(([start, { value, details }]) => [start, rounded(value!), details!.count, details!.end])
      .sort()
  }

  test.each([
    ['hopping windows', { ...hoppingMinute, sizeMs: 20_000, everyMs: 5_000 }],
    ['sessions', sessions],
  ])('the last word on %s is the same', (_, given) => {
    fc.assert(
      fc.property(samples, late => {
        expect(finals(given, late)).toEqual(
          finals(
            given,
            late.map(one => ({ ...one, delay: 0 })),
          ),
        )
      }),
      { numRuns: 200 },
    )
  })
})

test.each([
  [{ window: 'session' }, 'a session needs gapMs'],
  [{ window: 'hopping' }, 'a hopping window needs sizeMs'],
  [{ window: 'hopping', sizeMs: 10, everyMs: 20 }, 'samples between windows would be in none'],
  [{ window: 'hopping', sizeMs: 10_000, everyMs: 1 }, 'more than 100 windows overlap'],
])('refuses %j', (given, message) => {
  expect(() => kind(given)).toThrow(message)
  expect(() =>
    windows.create({ id: asset, tags: [] }, { ...given, name: 'x', tag: 'load' } as never),
  ).toThrow()
})
