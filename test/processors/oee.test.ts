import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Part, PartVerdict, ProcessorEvent, Signal, Tag } from '../../model/index.ts'
import { chainFor, runChain, type States } from '../../processors/chain.ts'
import { calendarOf } from '../../processors/oee/calendar.ts'
import { oee } from '../../processors/oee/index.ts'
import type { Shift } from '../../processors/oee/options.ts'
import { asset, declared, type Row, recordOf, run, second, signalsIn, tagNamed } from './records.ts'

const minute = 60 * second
const micros = (iso: string) => Date.parse(iso) * 1_000
const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const early: Shift = {
  name: 'early',
  days: everyDay,
  from: '06:00',
  to: '14:00',
  breaks: [{ from: '10:00', to: '10:30' }],
}
const night: Shift = { name: 'night', days: everyDay, from: '22:00', to: '06:00', breaks: [] }

describe('a calendar', () => {
  const vienna = calendarOf('Europe/Vienna', [early, night])

  test.each([
    ['2026-01-15T05:30:00Z', 'early', '2026-01-15T05:00:00Z', '2026-01-15T13:00:00Z'],
    ['2026-07-15T05:30:00Z', 'early', '2026-07-15T04:00:00Z', '2026-07-15T12:00:00Z'],
    ['2026-07-15T15:00:00Z', 'night', '2026-07-15T20:00:00Z', '2026-07-16T04:00:00Z'],
    // Clocks go forward on 29 March 2026: seven hours. Back on 25 October: nine.
    ['2026-03-29T02:00:00Z', 'night', '2026-03-28T21:00:00Z', '2026-03-29T04:00:00Z'],
    ['2026-10-25T02:00:00Z', 'night', '2026-10-24T20:00:00Z', '2026-10-25T05:00:00Z'],
  ])('has at %s the shift %s from %s to %s', (at, name, start, end) => {
    const shift = vienna.shiftAt(micros(at))
    expect([shift.name, shift.start, shift.end]).toEqual([name, micros(start), micros(end)])
  })

  test('leaves breaks out, also after midnight', () => {
    expect(vienna.shiftAt(micros('2026-01-15T05:30:00Z')).planned).toEqual([
      { from: micros('2026-01-15T05:00:00Z'), to: micros('2026-01-15T09:00:00Z') },
      { from: micros('2026-01-15T09:30:00Z'), to: micros('2026-01-15T13:00:00Z') },
    ])
    const late = calendarOf('UTC', [{ ...night, breaks: [{ from: '01:00', to: '01:30' }] }])
    expect(late.shiftAt(micros('2026-01-15T23:00:00Z')).planned[1]).toEqual({
      from: micros('2026-01-16T01:30:00Z'),
      to: micros('2026-01-16T06:00:00Z'),
    })
  })

  test('takes a local time that does not exist as if clocks had not moved, and the first of two', () => {
    const odd = calendarOf('Europe/Vienna', [{ ...early, from: '02:30', to: '04:00', breaks: [] }])
    expect(odd.shiftAt(micros('2026-03-29T00:00:00Z')).start).toBe(micros('2026-03-29T01:30:00Z'))
    expect(odd.shiftAt(micros('2026-10-25T00:00:00Z')).start).toBe(micros('2026-10-25T00:30:00Z'))
  })

  test('covers every instant of a year once, where shifts follow each other', () => {
    const round = calendarOf('Europe/Vienna', [
      { ...early, breaks: [] },
      { ...early, name: 'late', from: '14:00', to: '22:00', breaks: [] },
      night,
    ])
    let at = micros('2026-01-01T05:00:00Z')
    for (let i = 0; i < 3 * 365; i++) {
      const shift = round.shiftAt(at)
      expect(shift.start).toBe(at)
      at = shift.end
    }
    expect(at).toBe(micros('2027-01-01T05:00:00Z'))
  })

  test('jumps over days without a shift', () => {
    const weekly = calendarOf('UTC', [{ ...early, days: ['mon'] }])
    expect(weekly.shiftAt(micros('2026-01-13T00:00:00Z')).start).toBe(micros('2026-01-19T06:00:00Z'))
  })
})

const tags: Tag[] = [
  tagNamed('mode'),
  { ...tagNamed('parts'), wrap: 1_000 },
  tagNamed('scrap'),
  tagNamed('good'),
]
const options = {
  stateTag: 'mode',
  runningStates: ['run'],
  totalTag: 'parts',
  scrapTag: 'scrap',
  idealCycleMs: 30_000,
  timeZone: 'UTC',
  shifts: [early],
}
const press = (given: Record<string, unknown> = {}) => declared(oee, tags, 'oee', { ...options, ...given })
const begin = micros('2026-01-15T06:00:00Z')
const at = (tag: string, t: number, value: unknown, status = 0): Row => ({ tag, t: begin + t, value, status })
const arrives = (seq: number, row: Row, delay = 0): ProcessorEvent => ({
  kind: 'telemetry',
  record: recordOf(seq, [row]),
  receivedAt: row.t + delay,
})

/** A shift of eight hours with a break: stopped for 90 minutes of planned time, 600 parts, 60 of them bad. */
function shiftRows(): Row[] {
  const rows = [at('mode', -minute, 'idle'), at('parts', -minute, 900), at('scrap', -minute, 7)]
  rows.push(at('mode', 0, 'run'), at('mode', 120 * minute, 'setup'), at('mode', 180 * minute, 'run'))
  rows.push(at('mode', 270 * minute, 'jam'), at('mode', 300 * minute, 'run'))
  for (let i = 1; i <= 480; i++) {
    const made = Math.min(600, Math.floor((i * 600) / 470))
    rows.push(
      at('parts', i * minute - second, (900 + made) % 1_000),
      at('scrap', i * minute - second, 7 + Math.floor(made / 10)),
    )
  }
  rows.push(at('mode', 481 * minute, 'idle'), at('mode', 490 * minute, 'idle'))
  return rows.sort((a, b) => a.t - b.t)
}

const ended = (signals: readonly Signal[]) => signals.filter(({ details }) => details!.ended === 'yes')

describe('the OEE of a shift', () => {
  const events = shiftRows().map((row, i) => arrives(i + 1, row))
  const signals = signalsIn(run(press({ warning: { below: 75 } }), events))

  test('is availability by performance by quality, with its reason in a sentence', () => {
    const [only] = ended(signals)
    // 450 minutes planned: 360 of them running; 600 parts of 30 s are 300 minutes; 540 parts are good.
    expect(ended(signals)).toHaveLength(1)
    expect(only!.details).toMatchObject({
      runningS: 360 * 60,
      stoppedS: 90 * 60,
      notKnownS: 0,
      parts: 600,
      good: 540,
    })
    expect(only!.value).toBeCloseTo(100 * (360 / 450) * (300 / 360) * 0.9, 9)
    expect(only).toMatchObject({ verdict: 'warning', t: begin + 480 * minute, unit: '%' })
    expect(only!.reason).toBe(
      'OEE 60 % in shift early: availability 80 % (stopped 90 min, most of it in "setup"), performance 83.3 %, quality 90 % (540 of 600 parts good)',
    )
  })

  test('is told as a running value during the shift, which raises nothing', () => {
    const running = signals.filter(({ details }) => details!.ended === 'no' && details!.start === begin)
    expect(running.length).toBeGreaterThan(400)
    expect(new Set(running.map(({ verdict }) => verdict))).toEqual(new Set(['normal']))
    expect(running[100]!.reason).toContain('in shift early so far')
  })

  test('is the same for good parts as for bad ones', () => {
    const swapped = events.map(event => JSON.parse(JSON.stringify(event).replaceAll('"scrap"', '"good"')))
    const [only] = ended(signalsIn(run(press({ scrapTag: undefined, goodTag: 'good' }), swapped)))
    expect(only!.details).toMatchObject({ parts: 600, good: 60 })
  })

  test('is given out at its end by ticks alone, and what was not known is in none of its factors', () => {
    const first = shiftRows().filter(({ t }) => t < begin + 100 * minute)
    const ticks = Array.from(
      { length: 500 },
      (_, i): ProcessorEvent => ({ kind: 'tick', t: begin + (100 + i) * minute }),
    )
    const [only, next] = ended(
      signalsIn(run(press(), [...first.map((row, i) => arrives(i + 1, row)), ...ticks])),
    )
    expect(next).toBeUndefined()
    const known = 99 * 60 + 59
    expect(only!.details).toMatchObject({ runningS: known, stoppedS: 0, notKnownS: 450 * 60 - known })
    expect(only!.details!.availability).toBe(100)
    expect(only!.reason).toContain('its state was not known')
  })

  test('is not known where the state never was', () => {
    const bad = shiftRows().map((row, i) =>
      arrives(i + 1, row.tag === 'mode' ? { ...row, status: 0x80000000 } : row),
    )
    expect(ended(signalsIn(run(press(), bad)))[0]).toMatchObject({
      value: null,
      verdict: 'not-known',
      reason: 'The state of the machine was not known in shift early',
    })
  })

  test('is the same whatever the order within the lateness', () => {
    const expected = ended(signals)[0]!
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9_900 }), { minLength: 7, maxLength: 30 }), delays => {
        const late = shiftRows()
          .map((row, i) => ({ row, delay: delays[i % delays.length]! * 1_000 }))
          .toSorted((a, b) => a.row.t + a.delay - b.row.t - b.delay)
          .map(({ row, delay }, i) => arrives(i + 1, row, delay))
        const [only] = ended(signalsIn(run(press({ warning: { below: 75 } }), late)))
        expect(only).toEqual({ ...expected, evidence: expect.anything() })
      }),
      { numRuns: 5 },
    )
  })
})

describe('the OEE of a shift by the verdicts of its parts', () => {
  const short: Shift = { ...early, to: '06:10', breaks: [] }
  const byParts = { totalTag: undefined, scrapTag: undefined, parts: 'strokes', shifts: [short] }
  const given = { ...byParts, idealCycleMs: 5_000, everyMs: 60_000 }
  const strokes = {
    processor: 'parts',
    name: 'strokes',
    begin: { tag: 'parts', on: 'count' },
    settleMs: 500,
    features: [
      { name: 'force', tag: 'force', take: 'max', rework: { above: 80 }, scrap: { above: 100 } },
      { name: 'hold', tag: 'force', take: 'min', rework: { below: 0 } },
    ],
  }

  /** What the processors of a press say that makes a part every ten seconds, of which each has one of the forces. */
  function pressing(forces: readonly (number | 'bad')[], rows: readonly Row[] = [], more: object = {}) {
    const chain = chainFor(
      {
        id: asset,
        tags: [...tags, tagNamed('force', 'kN')],
        signals: [strokes, { processor: 'oee', name: 'oee', ...options, ...given, ...more }],
      },
      [],
    )
    const made = forces.flatMap((force, i): Row[] => [
      at('parts', i * 10 * second, i),
      at('force', (i * 10 + 5) * second, force === 'bad' ? 50 : force, force === 'bad' ? 0x80000000 : 0),
    ])
    const states: States = new Map()
    const inOrder = [at('mode', 0, 'run'), ...made, ...rows].sort((a, b) => a.t - b.t)
    const outputs = inOrder.flatMap((row, i) => runChain(states, chain, arrives(i + 1, row)))
    return ended(signalsIn(outputs.filter(({ value }) => 'signal' in value && value.signal === 'oee')))
  }
  const after = [at('mode', 11 * minute, 'idle'), at('mode', 12 * minute, 'idle')]
  const forces = (of: (i: number) => number | 'bad') => Array.from({ length: 61 }, (_, i) => of(i))

  test('counts as good what is ok: neither rework nor scrap, however early that was known', () => {
    // The first part begins at 06:00:10, and the last of the shift ends at 06:09:50.
    const [only] = pressing(
      forces(i => (i % 10 === 3 ? 90 : i % 10 === 6 ? 120 : 50)),
      after,
    )
    expect(only!.details).toMatchObject({ parts: 58, good: 46, notJudged: 0, runningS: 600, late: 0 })
    expect(only!.value).toBeCloseTo((100 * 46 * 5) / 600, 9)
    expect(only!.reason).toContain('quality 79.3 % (46 of 58 parts good)')
  })

  test('tells what could not be judged, and does not count it as good', () => {
    const some = forces(i => (i % 10 === 3 ? 'bad' : 50))
    const [only] = pressing(some, after, { warning: { below: 20 } })
    expect(only!.details).toMatchObject({ parts: 58, good: 52, notJudged: 6, quality: (100 * 52) / 58 })
    expect(only!.verdict).toBe('normal')
    expect(only!.reason).toContain(
      'quality 89.7 % (52 of 58 parts good, 6 could not be judged); had those been good, OEE would be 48.3 %',
    )
    // 43.3 % or 48.3 %: nobody knows on which side of 45 %.
    expect(pressing(some, after, { warning: { below: 45 } })[0]!.verdict).toBe('not-known')
    expect(pressing(some, after, { warning: { below: 49 } })[0]!.verdict).toBe('warning')
  })

  test('is not known where no part could be judged', () => {
    const [only] = pressing(
      forces(() => 'bad'),
      after,
      { alarm: { below: 50 } },
    )
    expect(only).toMatchObject({
      value: null,
      verdict: 'not-known',
      details: { quality: null, notJudged: 58 },
    })
    expect(only!.reason).toBe('None of the 58 parts of shift early could be judged')
  })

  test('has the parts by a counter where one is given: those of them that no verdict came of are told', () => {
    const counted = [0, 70].map((value, i) => at('good', (1 + i * 590) * second, value))
    const [only] = pressing(
      forces(() => 50),
      [...counted, ...after],
      { totalTag: 'good' },
    )
    expect(only!.details).toMatchObject({ parts: 70, good: 58, notJudged: 12 })
  })

  const part = (id: string, end: number, verdict: PartVerdict, more: Partial<Part> = {}): ProcessorEvent => ({
    kind: 'part',
    part: {
      ...{ v: 1, id, asset, parts: 'strokes', part: null, start: begin, end: begin + end, t: begin + end },
      ...{ revision: 0, final: true, verdict, reason: '', features: {}, late: 0, evidence: [] },
      ...more,
    },
  })
  /** Of the parts that come after the machine's samples of so many seconds. */
  const judged = (events: Readonly<Record<number, readonly ProcessorEvent[]>>, lastS = 700) => {
    const all = Array.from({ length: lastS }, (_, s) => [
      arrives(s + 1, at('mode', s * second, 'run')),
      ...(events[s] ?? []),
    ]).flat()
    return ended(signalsIn(run(press(given), all)))
  }
  const counts = ([only]: readonly Signal[]) => {
    const { parts, good, notJudged, late } = only!.details!
    return [parts, good, notJudged, late]
  }

  test('counts a part once, by its last revision, whether it was counted before or still waits', () => {
    const first = [
      part('a', 10 * second, 'ok'),
      part('b', 11 * second, 'not-known'),
      part('c', 12 * second, 'ok', { revision: 1 }),
      part('d', 13 * second, 'scrap', { end: null, final: false }),
      part('e', 13 * second, 'ok', { parts: 'other' }),
    ]
    const again = [
      part('a', 10 * second, 'scrap', { revision: 1 }),
      part('b', 11 * second, 'ok', { revision: 2 }),
      part('b', 11 * second, 'scrap', { revision: 1 }),
      part('c', 12 * second, 'rework'),
    ]
    expect(counts(judged({ 14: first }))).toEqual([3, 2, 1, 0])
    for (const s of [15, 60]) expect(counts(judged({ 14: first, [s]: again }))).toEqual([3, 2, 0, 0])
    expect(counts(judged({ 14: first, 60: first }))).toEqual([3, 2, 1, 0])
  })

  test('has a part that its record came late with, in its shift while that lasts', () => {
    expect(counts(judged({ 500: [part('a', 10 * second, 'ok')] }))).toEqual([1, 1, 0, 0])
  })

  test('has the last part of a machine of which nothing more comes until its shift is over', () => {
    const last = at('parts', 599 * second, 60)
    const [only] = pressing(forces(() => 50).slice(0, 60), [
      last,
      ...[13, 14, 15].map(m => at('mode', m * minute, 'idle')),
    ])
    expect(only!.details).toMatchObject({ parts: 59, good: 59, late: 0 })
  })

  test('tells as late what is of a shift that was given out', () => {
    const everyShift = { ...given, shifts: [short, { ...short, name: 'next', from: '06:10', to: '06:20' }] }
    const samples = Array.from({ length: 1_300 }, (_, s) => arrives(s + 1, at('mode', s * second, 'run')))
    const old = part('a', 599 * second, 'ok')
    const both = ended(signalsIn(run(press(everyShift), samples.toSpliced(700, 0, old))))
    expect(both.map(one => counts([one]))).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 1],
    ])
  })
})

test.each([
  [{ goodTag: 'good' }, 'needs one of goodTag, scrapTag and parts'],
  [{ scrapTag: undefined }, 'needs one of goodTag, scrapTag and parts'],
  [{ parts: 'strokes' }, 'needs one of goodTag, scrapTag and parts'],
  [{ totalTag: undefined }, 'needs totalTag'],
  [{ timeZone: 'Europe/Wien' }, 'no time zone "Europe/Wien"'],
  [{ stateTag: 'state' }, 'no telemetry tag "state"'],
  [{ shifts: [{ ...early, from: '6:00' }] }, 'must match pattern'],
])('refuses %j', (given, message) => {
  expect(
    () => oee.create({ id: asset, tags }, { ...options, ...given, name: 'oee' } as never) && press(given),
  ).toThrow(message)
})
