import { describe, expect, test } from 'vitest'
import { constantsOf } from '../../../processors/control-chart/constants.ts'
import { controlChart } from '../../../processors/control-chart/index.ts'
import { nelson } from '../../../processors/control-chart/nelson.ts'
import { createRandom } from '../../simulator/random.ts'
import { declared, hour, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'
import { flowRates, pistonRings } from './examples.ts'

const tags = [tagNamed('diameter', 'mm')]
const events = (values: readonly unknown[], status = (_: number) => 0) =>
  values.map((value, i) =>
    telemetry(i + 1, [{ tag: 'diameter', t: hour + i * second, value, status: status(i) }]),
  )
const chart = (values: readonly unknown[], given: object, status?: (i: number) => number) =>
  signalsIn(run(declared(controlChart, tags, 'chart', { tag: 'diameter', ...given }), events(values, status)))

/** The range of n normal numbers: density of its distribution function, integrated over what is below. */
function rangeMoments(n: number): { mean: number; std: number } {
  const step = 0.005
  const axis = Array.from({ length: 3_201 }, (_, i) => -8 + i * step)
  let below = 0
  const cumulated = axis.map(x => {
    const slice = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * step
    below += slice
    return below - slice / 2
  })
  // 1 - P(range <= w), with P = n times the integral of density(x) (F(x + w) - F(x))^(n - 1)
  const tail = (w: number) => {
    const shift = Math.round(w / step)
    const sum = axis.reduce((sum, x, i) => {
      const more = (cumulated[Math.min(i + shift, axis.length - 1)] ?? 1) - cumulated[i]!
      return sum + Math.exp((-x * x) / 2) * more ** (n - 1)
    }, 0)
    return 1 - (n * sum * step) / Math.sqrt(2 * Math.PI)
  }
  const widths = Array.from({ length: 181 }, (_, i) => i * 0.05)
  const tails = widths.map(tail)
  const integral = (of: (i: number) => number) =>
    widths.reduce((sum, _, i) => sum + of(i) * (i === 0 || i === 180 ? 0.025 : 0.05), 0)
  const mean = integral(i => tails[i]!)
  return { mean, std: Math.sqrt(2 * integral(i => widths[i]! * tails[i]!) - mean ** 2) }
}

test.each([2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'constants for subgroups of %i are those of the distribution of the range',
  n => {
    const { mean, std } = rangeMoments(n)
    const { a2, d2, D3, D4 } = constantsOf(n)
    expect(d2).toBeCloseTo(mean, 2)
    expect(a2).toBeCloseTo(3 / (mean * Math.sqrt(n)), 2)
    expect(D3).toBeCloseTo(Math.max(0, 1 - (3 * std) / mean), 2)
    expect(D4).toBeCloseTo(1 + (3 * std) / mean, 2)
  },
)

describe('worked examples', () => {
  test('piston rings: the limits of phase I, and three points of phase II above them', () => {
    const signals = chart(pistonRings, { subgroup: 5, baseline: 25, tests: [1] })
    expect(signals).toHaveLength(40)
    expect(signals.slice(0, 24).every(({ verdict }) => verdict === 'not-known')).toBe(true)
    const { center, upper, lower, meanRange, rangeUpper } = signals[24]!.details as Record<string, number>
    expect(center).toBeCloseTo(74.00118, 5)
    // The book rounds the mean range to 0.023 before it goes on.
    expect(Math.abs(upper! - 74.014)).toBeLessThan(0.001)
    expect(Math.abs(lower! - 73.988)).toBeLessThan(0.001)
    expect([meanRange, rangeUpper].map(line => line!.toFixed(3))).toEqual(['0.023', '0.049'])
    const beyond = signals.flatMap(({ verdict }, i) => (verdict === 'alarm' ? [i + 1] : []))
    expect(beyond).toEqual([37, 38, 39])
    expect(signals[36]!.reason).toMatch(/^diameter is 74.017 about a center of 74.001: beyond three/)
    expect(signals[36]!.evidence).toEqual([{ source: 'press', epoch: 1, from: 181, to: 185 }])
  })

  test('flow rates: limits of individuals by the moving range', () => {
    const { center, upper, lower } = chart(flowRates, { baseline: 10 }).at(-1)!.details as Record<
      string,
      number
    >
    expect(center).toBeCloseTo(50.81, 4)
    // The handbook divides by 1.128, as the table here does.
    expect(upper).toBeCloseTo(55.8041, 3)
    expect(lower).toBeCloseTo(45.8159, 3)
  })
})

describe("Nelson's tests", () => {
  const zigzag = (count: number, size: number) =>
    Array.from({ length: count }, (_, i) => (i % 2 ? -size : size))
  test.each<[number, number[]]>([
    [1, [0, 3.1]],
    [2, [0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.1, 0.4, 0.1]],
    [3, [-1.2, -0.9, -0.3, 0.2, 0.8, 1.1]],
    [4, zigzag(14, 0.5)],
    [5, [2.1, 0, 2.2]],
    [6, [-1.1, -1.2, 0, -1.3, -1.4]],
    [7, [...zigzag(14, 0.4), 0.3]],
    [8, [1.1, -1.2, 1.3, 1.1, -1.4, -1.1, 1.2, 1.5]],
  ])('%i fires, and not one point earlier', (number, points) => {
    expect(nelson(points, [number])).toEqual([number])
    expect(nelson(points.slice(0, -1), [number])).toEqual([])
  })

  test('a point that is in order itself fires neither two of three nor four of five', () => {
    expect(nelson([2.1, 2.2, 0], [5])).toEqual([])
    expect(nelson([1.1, 1.2, 1.3, 1.4, 0], [6])).toEqual([])
    expect(nelson([2.1, -2.2], [5])).toEqual([])
  })

  test('on normal numbers fire as seldom as computed: test 1 once in 370 points', () => {
    const random = createRandom(11, 'in control')
    const values = Array.from({ length: 20_000 }, () => 50 + 2 * random.gaussian())
    const signals = chart(values, { standard: { mean: 50, sigma: 2 }, tests: [1] })
    const alarms = signals.filter(({ details }) => details?.tests === '1').length
    expect(alarms / values.length).toBeGreaterThan(0.0022)
    expect(alarms / values.length).toBeLessThan(0.0032)
  })
})

describe('what is not known', () => {
  const random = createRandom(5, 'chart')
  const values: unknown[] = Array.from({ length: 200 }, () => 10 + random.gaussian())

  test('bad and non-finite measurements say so, once, and make no point', () => {
    const holes = values.map((value, i) => (i === 151 ? 'NaN' : value))
    const signals = chart(holes, { subgroup: 5, tests: [1] }, i => (i === 160 || i === 161 ? 0x80050000 : 0))
    const unknown = signals.slice(25).filter(({ verdict }) => verdict === 'not-known')
    expect(unknown.map(({ reason }) => reason)).toEqual([
      'diameter is not a finite number but "NaN"',
      'diameter is of bad quality (status 0x80050000)',
    ])
  })

  test('a value that does not move has no limits', () => {
    const signals = chart(
      Array.from({ length: 60 }, () => 7),
      {},
    )
    expect(signals.at(-1)).toMatchObject({
      verdict: 'not-known',
      reason: expect.stringMatching(/has not moved/),
    })
  })

  test('a point of phase I beyond its limits is left out of them', () => {
    const wild = values.map((value, i) => (i === 12 ? 40 : value))
    const [calm, learned] = [values, wild].map(given => chart(given.slice(0, 25), {}).at(-1)!)
    expect(learned!.reason).toMatch(/left out/)
    const upper = (signal = calm) => signal!.details!.upper as number
    expect(Math.abs(upper(learned) - upper())).toBeLessThan(1)
  })
})

test('needs to be told what is measured, once', () => {
  const make = (given: object) => declared(controlChart, tags, 'chart', given as Record<string, unknown>)
  for (const given of [{}, { parts: 'strokes' }, { tag: 'diameter', parts: 'a', feature: 'b' }])
    expect(() => make(given)).toThrow(/it is not said what is measured/)
  expect(() => make({ tag: 'length' })).toThrow(/no telemetry tag "length"/)
})
