import { describe, expect, test } from 'vitest'
import { lifecycle } from '../../../alarms/lifecycle.ts'
import type { Output, Part, ProcessorEvent } from '../../../model/index.ts'
import { chainFor, keyOf, runChain, type States } from '../../../processors/chain.ts'
import { parts } from '../../../processors/parts/index.ts'
import { createRandom } from '../../simulator/random.ts'
import { asset, declared, hour, type Row, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'

const bad = 0x80050000
const tags = [
  tagNamed('count', '1'),
  tagNamed('force', 'kN'),
  tagNamed('thickness', 'mm'),
  tagNamed('clamped'),
  tagNamed('id'),
]
const options = {
  begin: { tag: 'count', on: 'count' },
  features: [{ name: 'force', tag: 'force', take: 'max', scrap: { above: 100 }, rework: { above: 90 } }],
}
const at = (s: number) => hour + s * second

function partsOf(given: object, events: ProcessorEvent[]): Part[] {
  return partsIn(run(declared(parts, tags, 'strokes', { ...options, ...given }), events))
}
const partsIn = (outputs: readonly Output[]) =>
  outputs.flatMap(output => (output.topic === 'parts' ? [output.value] : []))

/** One record a second: the counter goes up every two seconds; `forces` are at the full seconds. */
function strokes(forces: readonly unknown[], more: (i: number) => Row[] = () => []): ProcessorEvent[] {
  return forces.map((value, i) =>
    telemetry(i + 1, [
      { tag: 'count', t: at(i), value: Math.floor(i / 2) },
      { tag: 'force', t: at(i), value },
      ...more(i),
    ]),
  )
}

describe('cutting', () => {
  test('a counter cuts; what came before its first step is no part; each part names its records', () => {
    const found = partsOf({}, strokes([1, 2, 50, 60, 70, 80, 5]))
    expect(found.map(({ start, end, verdict }) => [start, end, verdict])).toEqual([
      [at(2), at(4), 'ok'],
      [at(4), at(6), 'ok'],
    ])
    expect(found[0]).toMatchObject({ revision: 0, final: true, parts: 'strokes', part: null, late: 0 })
    expect(found[0]!.features.force).toEqual({
      value: 60,
      unit: 'kN',
      verdict: 'ok',
      scrap: { above: 100 },
      rework: { above: 90 },
    })
    expect(found[0]!.evidence).toEqual([{ source: 'press', epoch: 1, from: 3, to: 5 }])
    expect(new Set(found.map(({ id }) => id)).size).toBe(2)
  })

  test('a counter that skips or goes back makes the part not known, with the numbers', () => {
    const events = [0, 1, 4, 5, 0, 1].map((value, i) =>
      telemetry(i + 1, [
        { tag: 'count', t: at(i), value },
        { tag: 'force', t: at(i), value: 1 },
      ]),
    )
    expect(partsOf({}, events).map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['not-known', 'count went from 1 to 4: 2 more parts were not seen'],
      ['ok', 'All of force within limits'],
      ['not-known', 'count went from 5 to 0, back'],
      ['ok', 'All of force within limits'],
    ])
  })

  test('a part id cuts by its change and is on the record; text is an id', () => {
    const ids = ['A1', 'A1', 'A2', 'A2', 'A3']
    const events = ids.map((value, i) =>
      telemetry(i + 1, [
        { tag: 'id', t: at(i), value },
        { tag: 'force', t: at(i), value: i },
      ]),
    )
    const found = partsOf({ begin: { tag: 'id', on: 'change' }, partIdTag: 'id' }, events)
    expect(found.map(({ part, features }) => [part, features.force!.value])).toEqual([['A2', 3]])
  })

  test.each([
    ['bad', 'A1', bad, 0],
    ['a bad number', 7, bad, 0],
    ['too old', 7, 0, -120],
  ])('an id that is %s is none', (_, value, status, since) => {
    const events = [
      telemetry(1, [{ tag: 'id', t: at(since), value, status }]),
      ...[1, 2, 3].map(i =>
        telemetry(i + 1, [
          { tag: 'count', t: at(i), value: i },
          { tag: 'force', t: at(i), value: i },
        ]),
      ),
    ]
    expect(partsOf({ partIdTag: 'id' }, events).map(({ part }) => part)).toEqual([null])
  })

  test('an edge begins and another ends: what lies between two parts belongs to none', () => {
    const clamped = [false, true, true, false, false, true, false]
    const events = clamped.map((value, i) =>
      telemetry(i + 1, [
        { tag: 'clamped', t: at(i), value },
        { tag: 'force', t: at(i), value: i === 4 ? 999 : i },
      ]),
    )
    const begin = { tag: 'clamped', on: 'rising' }
    const found = partsOf({ begin, end: { tag: 'clamped', on: 'falling' } }, events)
    expect(
      found.map(({ start, end, verdict, features }) => [start, end, verdict, features.force!.value]),
    ).toEqual([
      [at(1), at(3), 'ok', 2],
      [at(5), at(6), 'ok', 5],
    ])
    const missed = partsOf({ begin, end: { tag: 'id', on: 'value', value: 'out' } }, events)
    expect(missed.find(({ final }) => final)).toMatchObject({
      verdict: 'scrap',
      reason: expect.stringMatching(/999.*the next part began before the end of this one was seen/),
    })
  })

  test('while the counter is bad a cut may have been missed: both parts it touches are not known', () => {
    const counts: Row[] = [0, 1, null, 2, 3, 4].map((value, i) => ({
      tag: 'count',
      t: at(i),
      value,
      status: value === null ? bad : 0,
    }))
    const found = partsOf(
      {},
      counts.map((row, i) => telemetry(i + 1, [row, { tag: 'force', t: at(i), value: 1 }])),
    )
    expect(found.map(({ verdict }) => verdict)).toEqual(['not-known', 'not-known', 'ok'])
    expect(found[0]!.reason).toMatch(/count is of bad quality.*may have been missed/)
  })
})

describe('features', () => {
  const every = ['min', 'max', 'mean', 'std', 'slope', 'integral', 'at-start', 'at-end'].map(take => ({
    name: take,
    tag: 'force',
    take,
  }))

  test('of a ramp are what they are by hand', () => {
    // 10, 20, 30, 40 at the begin and each quarter of a second after it; 50 at the end.
    const rows = [0, 0.25, 0.5, 0.75, 1].map(s => ({ tag: 'force', t: at(2 + s), value: 10 + 40 * s }))
    const counts = [0, 1, 2].map((value, i) => ({ tag: 'count', t: at(1 + i), value }))
    const features = [...every, { name: 'duration', take: 'duration' }]
    const [part] = partsOf({ features }, [telemetry(1, [...rows, ...counts])])
    const found = Object.fromEntries(Object.entries(part!.features).map(([name, { value }]) => [name, value]))
    expect(found).toEqual({
      min: 10,
      max: 40,
      mean: 25,
      std: Number(Math.sqrt(500 / 3).toPrecision(9)),
      slope: 40,
      integral: 18.75 + 10, // straight to 40, then held for a quarter of a second
      'at-start': 10,
      'at-end': 50,
      duration: 1,
    })
    expect(part!.features.slope!.unit).toBe('kN/s')
    expect(part!.features.integral!.unit).toBe('kN.s')
  })

  test('do not depend on how samples are spread over records, given time to settle', () => {
    const random = createRandom(3, 'order')
    const rows: Row[] = Array.from({ length: 400 }, (_, i) => [
      { tag: 'force', t: at(i / 10), value: 50 + 10 * random.gaussian() },
      ...(i % 15 === 0 ? [{ tag: 'count', t: at(i / 10), value: i / 15 }] : []),
    ]).flat()
    const together = partsOf({ features: every }, [telemetry(1, rows)])
    const apart = partsOf(
      { features: every, settleMs: 400 },
      [
        ...['count', 'force'].flatMap(tag => rows.filter(row => row.tag === tag)),
        { tag: 'force', t: at(60), value: 0 },
      ]
        .map((row, i) => ({ row, due: row.t + (i % 2) * 300_000 }))
        .sort((a, b) => a.due - b.due)
        .map(({ row }, i) => telemetry(i + 1, [row])),
    )
    const plain = (found: Part[]) => found.map(({ evidence: _, ...part }) => part)
    expect(plain(apart)).toEqual(plain(together))
    expect(together.length).toBeGreaterThan(20)
  })
})

describe('verdicts', () => {
  test('scrap goes before rework, and the reason names value and limit', () => {
    const found = partsOf({}, strokes([0, 0, 95, 1, 1, 120, 0]))
    expect(found.map(({ verdict, final, revision, reason }) => [verdict, final, revision, reason])).toEqual([
      ['rework', true, 0, 'force is 95 kN, above its rework limit of 90 kN'],
      [
        'scrap',
        false,
        0,
        'force is 120 kN, above its scrap limit of 100 kN; told before its cycle has ended',
      ],
      ['scrap', true, 1, 'force is 120 kN, above its scrap limit of 100 kN'],
    ])
    expect(found[1]).toMatchObject({ id: found[2]!.id, end: null, t: at(5) })
  })

  test('what can still change is not told early: a mean, or a maximum that is too low', () => {
    const features = [
      { name: 'mean', tag: 'force', take: 'mean', scrap: { above: 100 } },
      { name: 'least', tag: 'force', take: 'max', scrap: { below: 10 } },
    ]
    expect(
      partsOf({ features }, strokes([0, 0, 150, 1, 5])).map(({ verdict, final }) => [verdict, final]),
    ).toEqual([['ok', true]])
  })

  test('the value at the start is judged at the start, a cycle ahead of its end', () => {
    const features = [{ name: 'thickness', tag: 'thickness', take: 'at-start', scrap: { above: 2.1 } }]
    const found = partsOf(
      { features },
      strokes([0, 0, 0, 0, 0], i => [{ tag: 'thickness', t: at(i), value: i >= 2 ? 2.2 : 2 }]),
    )
    expect(found.map(({ t, final, verdict }) => [t, final, verdict])).toEqual([
      [at(2), false, 'scrap'],
      [at(4), true, 'scrap'],
      [at(4), false, 'scrap'],
    ])
  })

  test.each([
    ['bad quality', { value: 1, status: bad }, /force is of bad quality/],
    ['not a number', { value: 'NaN' }, /force is not a finite number but "NaN"/],
    ['null', { value: null }, /force is not a finite number/],
  ])('%s is not known, with the reason; the next part is', (_, sample, reason) => {
    const events = strokes([0, 0, 1, 1, 1, 1, 1])
    events[3] = telemetry(4, [
      { tag: 'count', t: at(3), value: 1 },
      { tag: 'force', t: at(3), ...sample },
    ])
    const found = partsOf({}, events)
    expect(found.map(({ verdict }) => verdict)).toEqual(['not-known', 'ok'])
    expect(found[0]!.reason).toMatch(reason)
    expect(found[0]!.features.force!.value).toBeNull()
  })

  test('a part that broke a limit is scrap, whatever else was bad', () => {
    const events = strokes([0, 0, 150, 'Infinity', 1])
    expect(partsOf({}, events).map(({ verdict }) => verdict)).toEqual(['scrap', 'scrap'])
  })

  test('no sample, an old one, a gap, a late one: not known', () => {
    const only = (row: Row, i: number) => telemetry(i + 1, [row])
    const counts = [0, 1, 2].map((value, i) => only({ tag: 'count', t: at(100 * i), value }, i))
    expect(partsOf({}, counts)[0]!.reason).toBe('force is not known: no sample of force in the cycle')
    const force = telemetry(9, [{ tag: 'force', t: at(0), value: 1 }])
    const features = [{ name: 'force', tag: 'force', take: 'at-end', scrap: { above: 9 } }]
    expect(partsOf({ features }, [force, ...counts])[0]!.reason).toMatch(
      /the last sample of force is 200 s old/,
    )
    expect(partsOf({ maxGapMs: 1_500 }, strokes([0, 0, 1, 1, 1]))[0]!.verdict).toBe('ok')
    expect(partsOf({ maxGapMs: 900 }, strokes([0, 0, 1, 1, 1]))[0]!.reason).toMatch(
      /no sample of force for 1 s/,
    )
    const late = strokes([0, 0, 1, 1, 1])
    late.splice(4, 0, telemetry(10, [{ tag: 'force', t: at(2.5), value: 500 }]))
    expect(partsOf({}, late)[0]).toMatchObject({ verdict: 'not-known', late: 1 })
    expect(partsOf({}, late)[0]!.reason).toMatch(/came 500 ms too late/)
  })
})

describe('the signal', () => {
  test('is the share of scrap, and an alarm only where a limit says so', () => {
    const forces = Array.from({ length: 42 }, (_, i) => (i % 20 === 3 ? 150 : 50))
    const signals = (scrapShare?: object) =>
      signalsIn(
        run(
          declared(parts, tags, 'strokes', { ...options, ...(scrapShare && { scrapShare }) }),
          strokes(forces),
        ),
      )
    expect(signals().at(-1)).toMatchObject({
      value: Number((100 / 9.5).toPrecision(6)),
      unit: '%',
      verdict: 'normal',
    })
    expect(signals({ parts: 10, warning: 5 }).map(({ verdict }) => verdict)).toContain('warning')
  })
})

test('later processors see the part; its record is keyed by the asset', () => {
  const seen: ProcessorEvent[] = []
  const watcher = {
    name: 'watcher',
    initial: () => null,
    step: (state: unknown, event: ProcessorEvent) => {
      if (event.kind === 'part') seen.push(event)
      return [state, []] as const
    },
  }
  const spec = { processor: 'parts', name: 'strokes', ...options }
  const chain = chainFor({ id: asset, tags, signals: [spec] }, [watcher, lifecycle()])
  const states: States = new Map()
  const outputs = strokes([0, 0, 1, 1, 1]).flatMap(event => runChain(states, chain, event))
  expect(seen.map(event => event.kind === 'part' && event.part)).toEqual(partsIn(outputs))
  expect(outputs.filter(({ topic }) => topic === 'parts').map(keyOf)).toEqual([asset])
})

describe('options', () => {
  test.each([
    [{ begin: { tag: 'nothing', on: 'count' } }, /no telemetry tag "nothing"/],
    [{ begin: { tag: 'id', on: 'value' } }, /needs a value/],
    [{ features: [options.features[0], options.features[0]] }, /the name of two features/],
    [{ features: [{ name: 'a', take: 'max' }] }, /needs a tag/],
    [{ features: [{ name: 'a', take: 'duration', tag: 'force' }] }, /has no tag/],
    [
      { features: [{ name: 'a', take: 'max', tag: 'force', rework: { above: 9 }, scrap: { above: 8 } }] },
      /scrap before it is to be reworked/,
    ],
  ])('%j is refused', (given, message) => {
    expect(() => declared(parts, tags, 'strokes', { ...options, ...given })).toThrow(message)
  })
})
