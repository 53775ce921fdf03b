import { describe, expect, test } from 'vitest'
import { multivariate } from '../../processors/multivariate/index.ts'
import { solve } from '../../processors/multivariate/solve.ts'
import { createRandom } from '../simulator/random.ts'
import { declared, hour, run, second, tagNamed } from './records.ts'
import { beginnings, events, type Series, signalsOf } from './series.ts'

const tags = [tagNamed('speed', '1/min'), tagNamed('flow', 'l/min'), tagNamed('pressure', 'bar')]
const names = tags.map(({ name }) => name)
const given = { tags: names, learnRows: 600, adaptMs: 600_000, everyMs: 1_000 }

/** A pump: flow and pressure follow the speed, which wanders; all with noise. */
function pump(
  seed: number,
  fault: (name: string, value: number, i: number) => unknown = (_, value) => value,
) {
  const random = createRandom(seed, 'pump')
  let speed = 1_000
  const noisy = (value: number) => value * (1 + 0.01 * random.gaussian())
  const wander = () => {
    speed += 0.02 * (1_000 - speed) + 10 * random.gaussian()
    return noisy(speed)
  }
  const series: Record<string, Series> = {
    speed: i => fault('speed', wander(), i),
    flow: i => fault('flow', noisy(speed / 20), i),
    pressure: i => fault('pressure', noisy((speed / 1_000) ** 2 * 6), i),
  }
  return series
}

const signals = (series: Record<string, Series>, more: object = {}, rows = 1_500) =>
  signalsOf(multivariate, tags, { ...given, ...more }, events(rows, second, series))

describe('multivariate', () => {
  test('learns, and is silent while the tags go together', () => {
    const found = signals(pump(1))
    expect(found[0]).toMatchObject({ verdict: 'not-known', reason: 'learning: 1 of 600 rows' })
    expect(beginnings(found, second)).toEqual([])
    expect(found.at(-1)!.reason).toContain('all tags go together as usual')
  })

  test('names the tag that leaves the others, though within its own range', () => {
    const found = signals(pump(2, (name, value, i) => (name === 'flow' && i >= 1_000 ? value * 0.85 : value)))
    const [begin] = beginnings(found, second)
    expect(begin).toBeGreaterThanOrEqual(1_000)
    expect(begin).toBeLessThan(1_060)
    const warning = found.find(({ verdict }) => verdict === 'warning')!
    expect(warning.reason).toMatch(/^flow is .* l\/min, where the other tags tell .*standard deviations/)
    expect(Object.keys(warning.details!)).toEqual(expect.arrayContaining(names))
    expect(Object.keys(warning.details!)[0]).toBe('flow')
  })

  test('follows what drifts slowly', () => {
    const drifting = pump(3, (name, value, i) =>
      name === 'flow' && i > 600 ? value * (1 + i / 40_000) : value,
    )
    expect(beginnings(signals(drifting, { adaptMs: 60_000 }), second)).toEqual([])
  })

  test('does not know while one tag is bad, and names it', () => {
    const found = signals(pump(4, (name, value, i) => (name === 'pressure' && i === 900 ? 'bad' : value)))
    const told = found.filter(({ t }) => t === hour + 900 * second)
    expect(told.at(-1)).toMatchObject({
      verdict: 'not-known',
      value: null,
      reason: 'pressure is of bad quality (status 0x80050000)',
    })
    expect(beginnings(found, second)).toEqual([])
  })

  test('does not know while one tag is silent', () => {
    const silent = pump(5, (name, value, i) => (name === 'flow' && i >= 800 ? 'gap' : value))
    const last = signals(silent, { gapMs: 60_000 }).at(-1)!
    expect(last.verdict).toBe('not-known')
    expect(last.reason).toMatch(/^nothing came from flow for /)
  })

  test('has a state that stays small, and gives the same bytes a second time', () => {
    const once = () => {
      const processor = declared(multivariate, tags, 'watched', given)
      let state = processor.initial()
      for (const event of events(1_000, second, pump(6))) [state] = processor.step(state, event)
      expect(JSON.stringify(state).length).toBeLessThan(3_000)
      return JSON.stringify(run(processor, events(700, second, pump(6))))
    }
    expect(once()).toBe(once())
  })
})

test('a positive definite system is solved', () => {
  const matrix = [
    [4, 2, 0.5],
    [2, 5, 1],
    [0.5, 1, 3],
  ]
  const x = solve(matrix, [1, 2, 3])
  for (const [i, line] of matrix.entries())
    expect(line.reduce((sum, a, j) => sum + a * x[j]!, 0)).toBeCloseTo(i + 1, 9)
})
