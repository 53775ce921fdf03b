import { describe, expect, test } from 'vitest'
import { chiSquareQuantile } from '../../../processors/capability/chi-square.ts'
import { capability } from '../../../processors/capability/index.ts'
import { actual, potential } from '../../../processors/capability/indices.ts'
import { chainFor, runChain, type States } from '../../../processors/chain.ts'
import { createRandom } from '../../simulator/random.ts'
import { asset, declared, hour, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'

const tags = [tagNamed('diameter', 'mm'), tagNamed('count')]
const events = (values: readonly unknown[]) =>
  values.map((value, i) => telemetry(i + 1, [{ tag: 'diameter', t: hour + i * second, value }]))
const signals = (values: readonly unknown[], given: object) =>
  signalsIn(run(declared(capability, tags, 'cpk', { tag: 'diameter', ...given }), events(values)))
const normals = (count: number, mean: number, sigma: number, seed = 1) => {
  const random = createRandom(seed, 'capability')
  return Array.from({ length: count }, () => mean + sigma * random.gaussian())
}

test('quantiles of chi square are those of the tables', () => {
  // NIST/SEMATECH e-Handbook, 1.3.6.7.4
  expect(chiSquareQuantile(0.95, 1)).toBeCloseTo(3.841, 3)
  expect(chiSquareQuantile(0.025, 19)).toBeCloseTo(8.907, 3)
  expect(chiSquareQuantile(0.975, 19)).toBeCloseTo(32.852, 3)
  expect(chiSquareQuantile(0.95, 100)).toBeCloseTo(124.342, 3)
})

describe('worked examples', () => {
  test('Montgomery: Cp 2.29 of 20 parts is between 1.57 and 3.01', () => {
    const spread = { mean: 50, sigma: 1.75, degrees: 19, count: 20 }
    const cp = potential({ lower: 38, upper: 62 }, spread, 0.95)!
    // The book goes on from the rounded 2.29.
    expect([cp.value, cp.low, cp.high].map(index => Math.round(100 * index))).toEqual([229, 156, 301])
    expect(Math.round(100 * ((2.29 * cp.low) / cp.value))).toBe(157)
  })

  test('NIST/SEMATECH e-Handbook 6.1.6: limits 8 and 20, mean 16, deviation 2: Cp 1.0, Cpk 0.6667', () => {
    const spread = { mean: 16, sigma: 2, degrees: 49, count: 50 }
    const spec = { lower: 8, upper: 20 }
    expect(potential(spec, spread, 0.95)!.value).toBeCloseTo(1, 9)
    const cpk = actual(spec, spread, 0.95)
    expect(cpk.value).toBeCloseTo(0.6667, 4)
    // Its formula: +- z sqrt(1 / (9 N) + Cpk^2 / (2 (N - 1)))
    expect(cpk.high - cpk.value).toBeCloseTo(1.95996 * Math.sqrt(1 / 450 + 4 / 9 / 98), 4)
  })
})

test('the intervals hold the true index as often as they say', () => {
  const runs = 400
  const held = Array.from({ length: runs }, (_, seed) => {
    const { details } = signals(normals(50, 10, 1, seed + 1), {
      lower: 6,
      upper: 14,
      every: 50,
      over: 50,
    })[0]!
    return ['Cp', 'Cpk', 'Pp', 'Ppk'].map(name => {
      const [low, high] = [details![`${name}Low`] as number, details![`${name}High`] as number]
      return low <= 4 / 3 && 4 / 3 <= high
    })
  })
  for (const at of [0, 1, 2, 3]) {
    const share = held.filter(one => one[at]).length / runs
    expect(share, String(at)).toBeGreaterThan(0.9)
    expect(share, String(at)).toBeLessThan(0.99)
  }
})

test('a mean that wanders lowers Ppk, not Cpk', () => {
  const values = normals(200, 10, 0.2).map((value, i) => value + 2 * Math.sin(i / 15))
  const { details, value } = signals(values, { lower: 5, upper: 15, over: 200, every: 200 })[0]!
  expect(value).toBe(details!.Cpk)
  expect(details!.Ppk as number).toBeLessThan(0.4 * (details!.Cpk as number))
})

test('warns only when all of the interval is below', () => {
  const given = { lower: 6, upper: 14, warning: 1.33, over: 100, every: 100 }
  expect(signals(normals(100, 10, 1), given)[0]!.verdict).toBe('normal')
  expect(signals(normals(100, 10, 1.7), given)[0]!.verdict).toBe('warning')
  const oneSided = signals(normals(100, 10, 1), { upper: 13, every: 100 })[0]!
  expect(oneSided.details).not.toHaveProperty('Cp')
  expect(oneSided.value).toBeCloseTo(1, 0)
})

test('is not known of too few parts, of what does not vary, of bad input', () => {
  const given = { lower: 6, upper: 14 }
  expect(signals(normals(20, 10, 1), given).map(({ reason }) => reason)).toEqual([
    'Only 10 measurements of diameter; its capability is known from 30 on',
    'Only 20 measurements of diameter; its capability is known from 30 on',
  ])
  const flat = Array.from({ length: 40 }, () => 10)
  expect(signals(flat, given).at(-1)).toMatchObject({ verdict: 'not-known', value: null })
  expect(signals([null], given)[0]).toMatchObject({
    verdict: 'not-known',
    reason: 'diameter is not a finite number but null',
  })
  expect(() => signals([], {})).toThrow(/no specification limit/)
  expect(() => signals([], { lower: 2, upper: 1 })).toThrow(/not below/)
})

test('judges a feature of the parts that a processor before it has cut, final ones only', () => {
  const features = [{ name: 'size', tag: 'diameter', take: 'at-start', scrap: { above: 12 } }]
  const cut = { processor: 'parts', name: 'rings', begin: { tag: 'count', on: 'count' }, features }
  const judged = {
    processor: 'capability',
    name: 'cpk',
    parts: 'rings',
    feature: 'size',
    lower: 6,
    upper: 14,
  }
  const chain = chainFor({ id: asset, tags, signals: [cut, { ...judged, every: 1, least: 10 }] }, [])
  const states: States = new Map()
  const outputs = normals(52, 10, 1).flatMap((value, i) => {
    const at = { t: hour + i * second }
    return runChain(
      states,
      chain,
      telemetry(i + 1, [
        { tag: 'diameter', ...at, value },
        { tag: 'count', ...at, value: i },
      ]),
    )
  })
  const found = signalsIn(outputs).filter(({ signal }) => signal === 'cpk')
  expect(found).toHaveLength(50)
  expect(found.at(-1)).toMatchObject({ verdict: 'normal', details: { measurements: 50 } })
  const absent = chainFor({ id: asset, tags, signals: [cut, { ...judged, feature: 'weight', every: 1 }] }, [])
  const none: States = new Map()
  const told = [0, 1, 2].flatMap(i =>
    runChain(none, absent, telemetry(i + 1, [{ tag: 'count', t: hour + i * second, value: i }])),
  )
  expect(signalsIn(told).at(-1)).toMatchObject({
    verdict: 'not-known',
    reason: 'the parts have no feature "weight"',
  })
})
