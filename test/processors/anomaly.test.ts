import { describe, expect, test } from 'vitest'
import { anomaly } from '../../processors/anomaly/index.ts'
import { newRank, rarity, remember } from '../../processors/anomaly/rank.ts'
import { createRandom } from '../simulator/random.ts'
import { declared, run, signalsIn, tagNamed } from './records.ts'
import { beginnings, events, minute, type Series, signalsOf, steadyNoise } from './series.ts'

const oil = [tagNamed('oil', 'Cel')]
const rows = 6 * 288
const every = 5 * minute

function found(series: Series, given: Record<string, unknown> = {}) {
  return signalsOf(anomaly, oil, given, events(rows, every, { oil: series }))
}

/** The steady series with something else from row 1,500 on. */
function then(other: (usual: number, i: number) => unknown): Series {
  const usual = steadyNoise(7, 50, 0)
  return i => (i < 1_500 ? usual(i) : other(usual(i) as number, i))
}

describe('anomaly', () => {
  test.each([1, 0.25])('raises no more than %d alarms a week while nothing is wrong', falseAlarmsPerWeek => {
    const weeks = 4
    const counts = [1, 2, 3].map(seed => {
      const processor = declared(anomaly, oil, 'watched', { falseAlarmsPerWeek })
      let state = processor.initial()
      const signals = [...events(weeks * 2_016, every, { oil: steadyNoise(seed, 50, 5) })].flatMap(event => {
        const [next, outputs] = processor.step(state, event)
        state = next
        return signalsIn(outputs)
      })
      return beginnings(signals, every).length
    })
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(3 * weeks * falseAlarmsPerWeek)
  })

  test.each([
    ['a jump of the level', (usual: number) => usual + 12, 1],
    ['a spike', (usual: number, i: number) => (i === 1_500 ? usual + 25 : usual), 1],
    ['noise that is four times as strong', (usual: number) => 50 + 4 * (usual - 50), 36],
  ])('tells %s', (_, other, within) => {
    const begin = beginnings(found(then(other)), every).filter(row => row >= 1_500)
    expect(begin[0]).toBeLessThan(1_500 + within)
  })

  test('tells a value that is usual at another time of day', () => {
    const random = createRandom(3, 'series')
    const daily = (i: number) => (i % 288 < 144 ? 20 : 60) + random.gaussian()
    const signals = found(i => daily(i >= 1_450 ? 1 : i))
    const begin = beginnings(signals, every).filter(row => row >= 1_450)
    expect(begin[0]).toBeLessThan(1_640)
    expect(begin[0]).toBeGreaterThanOrEqual(1_584)
  })

  test('names tag, value and what is usual, with the records it stands on', () => {
    const signal = found(then(usual => usual + 12)).findLast(({ verdict }) => verdict === 'warning')!
    expect(signal.reason).toMatch(/^oil is 6\d(\.\d+)? Cel.*so strange about 1 time in [\d,]+$/)
    expect(signal.details).toMatchObject({ tag: 'oil' })
    expect(signal.evidence).toHaveLength(1)
    expect(signal.value).toBeGreaterThanOrEqual(0.5)
  })

  test('raises no second alarm while the hold lasts, and then by its budget', () => {
    const spikes: Series = then((usual, i) => (i % 20 === 0 ? usual + 25 + i : usual))
    const begins = (given: object) => beginnings(found(spikes, { ...given }), every).length
    expect(begins({ holdMs: 0, falseAlarmsPerWeek: 100 })).toBeGreaterThan(begins({ holdMs: 86_400_000 }))
    expect(begins({ holdMs: 86_400_000 })).toBeLessThanOrEqual(2)
  })

  test.each([
    ['bad', 'oil is of bad quality (status 0x80050000)'],
    ['NaN', 'oil is not a finite number but "NaN"'],
    [true, 'oil is not a finite number but true'],
  ])('does not know %j, and says so', (value, reason) => {
    const signals = found(then((usual, i) => (i === 1_510 ? value : usual)))
    const told = signals.filter(({ verdict }) => verdict === 'not-known').at(-1)
    expect(told).toMatchObject({ value: null, reason })
    expect(beginnings(signals, every).filter(row => row > 1_500 && row < 1_520)).toEqual([])
  })

  test('says after a gap that nothing came', () => {
    const signals = found(then((usual, i) => (i < 1_560 ? 'gap' : usual)))
    expect(signals.findLast(({ verdict }) => verdict === 'not-known')!.reason).toBe(
      'nothing came from oil for 5 h',
    )
  })

  test('learns anew when the unit was changed', () => {
    const before = declared(anomaly, oil, 'watched', {})
    let state = before.initial()
    for (const event of events(1_000, every, { oil: steadyNoise(1) })) [state] = before.step(state, event)
    const after = declared(anomaly, [tagNamed('oil', '[degF]')], 'watched', {})
    const [, outputs] = after.step(state, [...events(1_001, every, { oil: () => 122 }, 1_000)][0]!)
    expect(outputs[0]!.value).toMatchObject({
      verdict: 'not-known',
      reason: 'the unit of oil was changed from "Cel" to "[degF]"; it is learned anew',
    })
  })

  test('learns every state of the machine by itself', () => {
    const state: Series = i => (Math.floor(i / 200) % 2 === 0 ? 'running' : 'idle')
    const usual = steadyNoise(5)
    const level: Series = i =>
      (usual(i) as number) + (state(i) === 'running' || (i > 1_850 && i < 1_860) ? 100 : 0)
    const tags = [...oil, tagNamed('mode')]
    const begins = (given: Record<string, unknown>) =>
      beginnings(signalsOf(anomaly, tags, given, events(1_999, every, { mode: state, oil: level })), every)
    const learnMs = 43_200_000
    expect(begins({ stateTag: 'mode', learnMs })).toContain(1_851)
    expect(begins({ learnMs })).not.toContain(1_851)
  })

  test('keeps a state of less than 3 kB a tag, whatever comes', () => {
    const random = createRandom(9, 'wild')
    const processor = declared(anomaly, oil, 'watched', {})
    let state = processor.initial()
    const wild: Series = () => random.gaussian() * 10 ** (20 * random.uniform() - 10)
    for (const event of events(20_000, every, { oil: wild })) [state] = processor.step(state, event)
    expect(JSON.stringify(state).length).toBeLessThan(3_000)
  })

  test('gives the same bytes a second time', () => {
    const once = () =>
      JSON.stringify(run(declared(anomaly, oil, 'watched', {}), events(600, every, { oil: steadyNoise(2) })))
    expect(once()).toBe(once())
  })
})

describe('a rank', () => {
  test('is near the true share of greater numbers', () => {
    const random = createRandom(1, 'rank')
    const rank = newRank()
    for (let i = 0; i < 5_000; i++) remember(rank, random.uniform(), 8_000)
    expect(rarity(rank, 0.5)).toBeLessThan(0.2)
    expect(rarity(rank, 0.99)).toBeGreaterThan(0.8)
    expect(rarity(rank, 8)).toBeGreaterThan(rarity(rank, 2))
  })

  test('forgets by halves', () => {
    const rank = newRank()
    for (let i = 0; i < 100; i++) remember(rank, 1_000, 1e9)
    for (let i = 0; i < 3_000; i++) remember(rank, 1, 500)
    expect(rank.n).toBeLessThan(500)
    expect(rarity(rank, 1_000)).toBeGreaterThan(2)
  })
})
