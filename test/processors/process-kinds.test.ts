import { describe, expect, test } from 'vitest'
import { baseline } from '../../processors/baseline/index.ts'
import type { ProcessorKind } from '../../processors/contract.ts'
import { drift } from '../../processors/drift/index.ts'
import { halfSpaceTrees } from '../../processors/half-space-trees/index.ts'
import { multivariate } from '../../processors/multivariate/index.ts'
import { rateOfChange } from '../../processors/rate-of-change/index.ts'
import { stuck } from '../../processors/stuck/index.ts'
import { createRandom } from '../simulator/random.ts'
import { declared, hour, run, second, tagNamed } from './records.ts'
import { beginnings, events, minute, type Series, signalsOf, steadyNoise } from './series.ts'

const oil = [tagNamed('oil', 'Cel'), tagNamed('mode')]

function found(kind: ProcessorKind, given: object, series: Series, n: number, every = second, mode?: Series) {
  const all = { ...(mode && { mode }), oil: series }
  return signalsOf(kind, oil, { tag: 'oil', ...given }, events(n, every, all))
}

describe('rate-of-change', () => {
  const given = { warning: { above: 5 }, alarm: { above: 20, below: -20 }, overMs: 60_000 }

  test('tells how fast a tag rises, through its noise', () => {
    const random = createRandom(1, 'ramp')
    const ramp: Series = i => 50 + Math.max(0, i - 300) * (8 / 60) + 0.2 * random.gaussian()
    const signals = found(rateOfChange, given, ramp, 600)
    const [begin] = beginnings(signals, second)
    expect(begin).toBeGreaterThan(300)
    expect(begin).toBeLessThan(375)
    const last = signals.at(-1)!
    expect(last.value).toBeCloseTo(8, 0)
    expect(last).toMatchObject({ unit: 'Cel/min', verdict: 'warning', limits: { warning: 5, alarm: 20 } })
    expect(last.reason).toMatch(
      /^oil rises by .* Cel a minute \(over 60 s\).*the warning limit is 5 Cel a minute$/,
    )
  })

  test('tells a fall by its own limit', () => {
    const signals = found(rateOfChange, given, i => 50 - Math.max(0, i - 100), 300)
    expect(signals.at(-1)).toMatchObject({ verdict: 'alarm', limits: { alarm: -20 } })
  })

  test('does not know a rate across a gap', () => {
    const jump: Series = i => (i > 200 && i < 1_000 ? 'gap' : i < 500 ? 50 : 500)
    const signals = found(rateOfChange, { ...given, everyMs: 1_000 }, jump, 1_030)
    expect(beginnings(signals, second)).toEqual([])
    expect(signals.at(-1)!.reason).toBe('its rate is known once samples go back 60 s')
  })

  test('refuses to be without a limit', () => {
    expect(() => declared(rateOfChange, oil, 'x', { tag: 'oil' })).toThrow('has no limit')
  })
})

describe('stuck', () => {
  test('tells a value that is exactly the same, and not one that moves', () => {
    const usual = steadyNoise(1)
    const signals = found(stuck, { afterMs: 600_000 }, i => (i < 500 ? usual(i) : 51.5), 1_500)
    expect(beginnings(signals, second)).toEqual([1_100])
    expect(signals.at(-1)!.reason).toBe(
      'oil is 51.5 Cel, and has been exactly the same for 16 min: the sensor may be stuck',
    )
  })

  test('tells a flat line within its tolerance', () => {
    const usual = steadyNoise(2)
    const flat: Series = i => (i < 500 ? usual(i) : 50 + 0.01 * (i % 3))
    expect(beginnings(found(stuck, { afterMs: 600_000 }, flat, 1_500), second)).toEqual([])
    expect(beginnings(found(stuck, { afterMs: 600_000, tolerance: 0.05 }, flat, 1_500), second)).toEqual([
      1_100,
    ])
  })

  test('expects no movement of a machine that stands', () => {
    const mode: Series = i => (i < 1_000 ? 'off' : 'running')
    const given = { afterMs: 600_000, stateTag: 'mode', states: ['running'], settleMs: 0 }
    expect(
      beginnings(
        found(stuck, given, () => 20, 2_000, second, mode),
        second,
      ),
    ).toEqual([1_600])
    expect(() => declared(stuck, oil, 'x', { tag: 'oil', states: ['running'] })).toThrow('without a stateTag')
  })
})

describe('drift', () => {
  const given = { learnSteps: 300 }

  test('tells a shift of one standard deviation, and not its absence', () => {
    const series = (shift: number, seed: number): Series => {
      const usual = steadyNoise(seed)
      return i => (usual(i) as number) + (i >= 600 ? shift : 0)
    }
    expect(beginnings(found(drift, given, series(0, 3), 2_000, minute), minute)).toEqual([])
    const signals = found(drift, given, series(1, 3), 1_000, minute)
    const [begin] = beginnings(signals, minute)
    expect(begin).toBeGreaterThan(600)
    expect(begin).toBeLessThan(660)
    expect(signals.at(-1)!.reason).toMatch(
      /^oil averages 5\d.* Cel and has drifted up from .* when it was learned/,
    )
  })

  test('has a reference in each state of the machine', () => {
    const usual = steadyNoise(4)
    const mode: Series = i => (Math.floor(i / 100) % 2 === 0 ? 'a' : 'b')
    const series: Series = i => (usual(i) as number) + (mode(i) === 'a' ? 0 : 30)
    const more = { ...given, stateTag: 'mode', settleMs: 0 }
    expect(beginnings(found(drift, more, series, 2_000, minute, mode), minute)).toEqual([])
  })
})

describe('baseline', () => {
  test('is robust: outliers while it learns do not widen it', () => {
    const usual = steadyNoise(5)
    const wild: Series = i => (i % 12 === 5 ? 90 : (usual(i) as number) + (i >= 1_200 ? 12 : 0))
    const signals = found(baseline, { stepMs: 0 }, wild, 1_300, minute)
    const begin = beginnings(signals, minute)
    expect(begin.filter(row => row >= 1_200)[0]).toBeLessThan(1_202)
    expect(signals.at(-2)!.reason).toMatch(
      /^oil is .* Cel, usually (49|50|51).* Cel: .* robust standard deviations off$/,
    )
  })

  test('knows the hour of the day', () => {
    const random = createRandom(6, 'daily')
    const level = (i: number) => (i % 288 < 144 ? 20 : 60) + random.gaussian()
    const series: Series = i => (i >= 12 * 288 + 30 ? 60 + random.gaussian() : level(i))
    const given = { season: 'day', learnSteps: 60, stepMs: 0 }
    const signals = found(baseline, given, series, 12 * 288 + 60, 5 * minute)
    expect(beginnings(signals, 5 * minute)).toEqual([12 * 288 + 30])
    expect(signals.at(-1)!.reason).toContain('at this hour of the day')
  })
})

describe('half-space-trees', () => {
  const tags = [tagNamed('x', 'mm'), tagNamed('y', 'mm')]
  const given = { tags: ['x', 'y'], windowRows: 300, stepMs: 0 }

  /** On a ring, where neither tag alone tells the middle from the rest. */
  function ring(seed: number, radius: (i: number) => number): Record<string, Series> {
    const random = createRandom(seed, 'ring')
    let angle = 0
    return {
      x: i => {
        angle = 2 * Math.PI * random.uniform()
        return 10 * radius(i) * Math.cos(angle) + 0.3 * random.gaussian()
      },
      y: i => 10 * radius(i) * Math.sin(angle) + 0.3 * random.gaussian(),
    }
  }

  test('tell rows that leave the shape of the others, and are silent otherwise', () => {
    const quiet = signalsOf(
      halfSpaceTrees,
      tags,
      given,
      events(
        3_000,
        minute,
        ring(1, () => 1),
      ),
    )
    expect(beginnings(quiet, minute).length).toBeLessThanOrEqual(1)
    const off = ring(1, i => (i >= 2_500 ? 2.5 : 1))
    const signals = signalsOf(halfSpaceTrees, tags, given, events(2_600, minute, off))
    expect(beginnings(signals, minute).filter(row => row >= 2_500)[0]).toBeLessThan(2_520)
  })

  test('have a state of a few kilobytes', () => {
    const processor = declared(halfSpaceTrees, tags, 'watched', given)
    let state = processor.initial()
    for (const event of events(
      1_000,
      minute,
      ring(2, () => 1),
    ))
      [state] = processor.step(state, event)
    expect(JSON.stringify(state).length).toBeLessThan(6_000)
  })
})

describe.each([
  [rateOfChange, { tag: 'oil', warning: { above: 1e9 }, overMs: 10_000 }],
  [stuck, { tag: 'oil', afterMs: 1_000_000 }],
  [drift, { tag: 'oil', learnSteps: 20, stepMs: 0 }],
  [baseline, { tag: 'oil', learnSteps: 20, stepMs: 0 }],
  [halfSpaceTrees, { tags: ['oil'], windowRows: 50, stepMs: 0 }],
  [multivariate, { tags: ['oil', 'mode'], learnRows: 100 }],
] as [ProcessorKind, Record<string, unknown>][])('%o', (kind, given) => {
  const usual = steadyNoise(8)
  const other = steadyNoise(9)
  const signals = (series: Series) =>
    signalsOf(kind, oil, given, events(400, second, { mode: other, oil: series }))

  test.each([
    ['bad', 'oil is of bad quality (status 0x80050000)'],
    ['Infinity', 'oil is not a finite number but "Infinity"'],
    [null, 'oil is not a finite number but null'],
  ])('does not know %j, and says why', (value, reason) => {
    const at = signals(i => (i === 300 ? value : usual(i))).filter(({ t }) => t === hour + 300 * second)
    expect(at[0]).toMatchObject({ verdict: 'not-known', value: null, reason })
  })

  test('says after a gap that nothing came', () => {
    const longer = { ...given, gapMs: 50_000 }
    const series: Series = i => (i > 200 && i < 350 ? 'gap' : usual(i))
    const told = signalsOf(kind, oil, longer, events(400, second, { mode: other, oil: series }))
    expect(told.some(({ reason }) => /^nothing came from oil for /.test(reason))).toBe(true)
  })

  test('gives the same bytes a second time', () => {
    const once = () =>
      JSON.stringify(
        run(
          declared(kind, oil, 'w', given),
          events(350, second, { mode: i => i % 7, oil: i => (i * 31) % 17 }),
        ),
      )
    expect(once()).toBe(once())
  })
})
