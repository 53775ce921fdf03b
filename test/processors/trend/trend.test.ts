import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../../model/index.ts'
import { chainFor, runChain, type States } from '../../../processors/chain.ts'
import { trend } from '../../../processors/trend/index.ts'
import { createRandom } from '../../simulator/random.ts'
import { asset, declared, hour, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'

function level(n: number, value: number | null, more: Partial<Signal> = {}): ProcessorEvent {
  const evidence = [{ source: 'press', epoch: 1, from: n, to: n }]
  const signal: Signal = {
    v: 1,
    asset,
    signal: 'level',
    processor: 'vibration-level',
    t: hour + n * 10 * second,
    value,
    unit: 'g',
    verdict: value === null ? 'not-known' : 'normal',
    reason: value === null ? 'the sensor is dead' : 'all is well',
    evidence,
    ...more,
  }
  return { kind: 'signal', signal }
}

const learned = 50
const given = { ofSignal: 'level', baselineValues: learned, everyMs: 0 }
const processor = (more: object = {}) => declared(trend, [], 'wear', { ...given, ...more })

/** A baseline of 1 g with sigma 0.05 g, and what comes after it. */
function following(after: readonly (number | null)[], more: object = {}): Signal[] {
  const random = createRandom(3, 'trend')
  const before = Array.from({ length: learned }, () => 1 + 0.05 * random.gaussian())
  const events = [...before, ...after].map((value, n) => level(n + 1, value))
  return signalsIn(run(processor(more), events)).slice(learned)
}

const verdicts = (signals: readonly Signal[]) => signals.map(({ verdict }) => verdict)
const many = (count: number, value: number) => Array.from({ length: count }, () => value)

describe('a signal that is followed', () => {
  test('is not known until its baseline is learned, and says how far that is', () => {
    const found = signalsIn(
      run(
        processor(),
        [1, 2, 3].map(n => level(n, 1)),
      ),
    )
    expect(found.map(({ verdict, value }) => [verdict, value])).toEqual(
      many(3, 0).map(() => ['not-known', null]),
    )
    expect(found[2]!.reason).toBe('Not known yet: the baseline of level is being learned, 3 of 50 values')
    expect(following([1])[0]!.verdict).toBe('normal')
  })

  test('makes a warning and then an alarm of what grows slowly, with limits and what they stand on', () => {
    const found = following(Array.from({ length: 60 }, (_, i) => 1 + 0.01 * i))
    const said = verdicts(found)
    expect(said[0]).toBe('normal')
    expect(said.indexOf('warning')).toBeGreaterThan(20)
    expect(said.indexOf('alarm')).toBeGreaterThan(said.indexOf('warning'))
    expect(said.lastIndexOf('normal')).toBeLessThan(said.indexOf('warning'))
    const alarm = found[said.indexOf('alarm')]!
    expect(alarm.value).toBeGreaterThan(alarm.limits!.alarm!)
    expect(alarm.limits!.warning).toBeCloseTo(1 + 4 * 0.05, 1)
    expect(alarm.reason).toMatch(
      /^The average of level is 1\.\d+ g, \d\.\d sigma above its baseline of [\d.]+ g: beyond the 6 sigma that make an alarm$/,
    )
    expect(alarm.evidence[0]!.from).toBeLessThan(alarm.evidence[0]!.to)
    expect(alarm.evidence[0]!.from).toBeGreaterThan(learned)
  })

  test('makes an alarm of a jump within three values, and nothing of one or two', () => {
    expect(verdicts(following([1, 3, 3, 3]))).toEqual(['normal', 'normal', 'normal', 'alarm'])
    expect(new Set(verdicts(following([1, 1.6, 1.6, ...many(20, 1)])))).toEqual(new Set(['normal']))
  })

  test('is quiet in 2,000 values of its own noise', () => {
    const random = createRandom(8, 'quiet')
    const found = following(Array.from({ length: 2_000 }, () => 1 + 0.05 * random.gaussian()))
    expect(new Set(verdicts(found))).toEqual(new Set(['normal']))
  })

  test('ends as slowly as it begins, and is told once while it flutters', () => {
    const fluttering = [...many(12, 2), ...many(20, 1), ...many(12, 2), ...many(20, 1)]
    const of = (refractoryMs: number) =>
      verdicts(following(fluttering, { refractoryMs })).filter((v, i, all) => v !== all[i - 1])
    expect(of(3_600_000)).toEqual(['normal', 'alarm', 'normal'])
    expect(of(0)).toEqual(['normal', 'alarm', 'normal', 'alarm', 'normal'])
  })

  test('may also fall: on its other side nothing counts', () => {
    expect(verdicts(following(many(6, 0.2), { side: 'below' })).at(-1)).toBe('alarm')
    expect(new Set(verdicts(following(many(6, 0.2))))).toEqual(new Set(['normal']))
    expect(new Set(verdicts(following(many(6, 3), { side: 'below' })))).toEqual(new Set(['normal']))
  })

  test('is another one by a detail', () => {
    const of = (kurtosis: number) => ({ details: { kurtosis, zone: 'A' } })
    const random = createRandom(4, 'detail')
    const events = Array.from({ length: learned + 8 }, (_, n) =>
      level(n + 1, 1, of(n < learned ? 3 + 0.1 * random.gaussian() : 9)),
    )
    const found = signalsIn(run(processor({ ofDetail: 'kurtosis' }), events))
    expect(found.at(-1)).toMatchObject({ verdict: 'alarm', unit: '' })
    expect(found.at(-1)!.reason).toContain('The average of kurtosis of level is')
    const wrong = signalsIn(run(processor({ ofDetail: 'zone' }), events)).at(-1)!
    expect(wrong.reason).toBe('Not known: level has no number "zone" among its details')
  })
})

describe('what is not known', () => {
  test('stays so, breaks no row, and counts as nothing', () => {
    const found = following([3, 3, null, 3, 3])
    expect(verdicts(found)).toEqual(['normal', 'normal', 'not-known', 'alarm', 'alarm'])
    expect(found[2]).toMatchObject({ value: null, reason: 'Not known: level is not. the sensor is dead' })
  })

  test('and yet is at least something beyond the limit, counts as that', () => {
    const random = createRandom(3, 'trend')
    const before = Array.from({ length: learned }, (_, n) => level(n + 1, 1 + 0.05 * random.gaussian()))
    const after = (atLeast: number) => [1, 2, 3].map(n => level(learned + n, null, { details: { atLeast } }))
    const last = (atLeast: number) => signalsIn(run(processor(), [...before, ...after(atLeast)])).at(-1)!
    expect(last(3)).toMatchObject({ verdict: 'alarm' })
    expect(last(1)).toMatchObject({ verdict: 'not-known', value: null })
  })

  test('a value beyond its own limits is no baseline', () => {
    const events = [1, 2, 3].map(n => level(n, 9, { verdict: n === 2 ? 'warning' : 'normal' }))
    const found = signalsIn(run(processor(), events))
    expect(found[1]!.reason).toContain('1 of 50 values; this one is beyond its own limits')
    expect(found[2]!.reason).toContain('2 of 50 values')
  })

  test('another unit: the baseline is learned anew', () => {
    const events = Array.from({ length: learned + 3 }, (_, n) =>
      level(n + 1, 1 + (n % 3) / 50, n < learned + 1 ? {} : { unit: 'm/s2' }),
    )
    const found = signalsIn(run(processor(), events))
    expect(verdicts(found).slice(-3)).toEqual(['normal', 'not-known', 'not-known'])
    expect(found.at(-2)!.reason).toContain('the unit of level changed from "g" to "m/s2"')
    expect(found.at(-1)!.reason).toContain('1 of 50 values')
  })

  test('a signal that stood still at 0 has no sigma', () => {
    const events = Array.from({ length: learned + 1 }, (_, n) => level(n + 1, 0))
    expect(signalsIn(run(processor(), events)).at(-1)!.reason).toContain('did not move')
  })
})

test('a signal that comes again, late, or is another one, changes nothing', () => {
  const other = level(3, 1, { signal: 'other' })
  expect(signalsIn(run(processor(), [level(2, 1), level(2, 1), level(1, 1), other]))).toHaveLength(1)
})

test('is given out at changes, and else as often as asked for', () => {
  const found = signalsIn(
    run(
      processor({ everyMs: 60_000 }),
      many(20, 1).map((value, n) => level(n + 1, value)),
    ),
  )
  expect(found.map(({ t }) => (t - hour) / second)).toEqual([10, 70, 130, 190])
})

test('follows a signal of its chain that is declared before it', () => {
  const signals = [
    { processor: 'limits', name: 'hot', tag: 'oil', alarm: { above: 90 }, everyMs: 0 },
    { processor: 'trend', name: 'hotter', ofSignal: 'hot', baselineValues: 10, everyMs: 0 },
  ]
  const chain = chainFor({ id: asset, tags: [tagNamed('oil', 'Cel')], signals }, [])
  const states: States = new Map()
  const temperatures = [...Array.from({ length: 10 }, (_, i) => 50 + (i % 3)), ...many(4, 80)]
  const found = temperatures.flatMap((value, n) =>
    signalsIn(runChain(states, chain, telemetry(n + 1, [{ tag: 'oil', t: hour + n * second, value }]))),
  )
  const last = found.filter(({ signal }) => signal === 'hotter').at(-1)!
  expect(last).toMatchObject({ verdict: 'alarm', processor: 'trend', unit: 'Cel' })
})

test.each([
  [{ ofSignal: 'wear' }, 'follows itself'],
  [{ warningSigma: 9 }, 'has a warningSigma above its alarmSigma'],
  [{ baselineValues: 3 }, 'baselineValues'],
])('refuses %j before anything starts', (more, message) => {
  expect(() => processor(more)).toThrow(message)
})
