import { describe, expect, test } from 'vitest'
import { anomaly } from '../../processors/anomaly/index.ts'
import { drift } from '../../processors/drift/index.ts'
import { hour, tagNamed } from './records.ts'
import { events, minute, type Series, signalsOf, steadyNoise } from './series.ts'

const oil = [tagNamed('oil', 'Cel')]

/** The reasons for learning anew, with the sample at which each was told. */
function anew(series: Series, kind = anomaly as never, given: object = { tags: ['oil'] }) {
  return signalsOf(kind, oil, { ...given, everyMs: 0 }, events(1_000, minute, { oil: series }))
    .filter(({ verdict, reason }) => verdict === 'not-known' && reason.endsWith('it is learned anew'))
    .map(({ t, reason }) => ({ at: (t - hour) / minute, reason }))
}

/** From sample 500 on, after a break where `broken`. */
function changed(to: (value: number) => number, broken: boolean): Series {
  const usual = steadyNoise(1)
  return i => {
    const value = usual(i) as number
    if (i < 500) return value
    return broken && i < 505 ? 'bad' : to(value)
  }
}

describe('a sensor', () => {
  test('that comes back from a break with another level and noise may have been exchanged', () => {
    const [told, ...more] = anew(changed(value => 90 + 8 * (value - 50), true))
    expect(more).toEqual([])
    expect(told!.at).toBe(605)
    expect(told!.reason).toMatch(
      /^oil went from about (49|50).* Cel to (8|9).* Cel and its noise became .* times as strong after a break: the sensor/,
    )
  })

  test.each([
    ['Fahrenheit', (value: number) => 1.8 * value + 32],
    ['a thousandth', (value: number) => value / 1_000],
    ['psi for bar', (value: number) => 14.5038 * value],
  ])('that gives %s all at once has another unit', (_, to) => {
    const [told] = anew(changed(to, false))
    expect(told!.at).toBe(600)
    expect(told!.reason).toContain('as if its unit had been changed at the device')
  })

  test('is the same one where only the level or only the noise changed, or nothing but a break was', () => {
    expect(anew(changed(value => value, true))).toEqual([])
    expect(anew(changed(value => value + 30, true))).toEqual([])
    expect(anew(changed(value => 50 + 2 * (value - 50), false))).toEqual([])
    expect(anew(changed(value => value + 30, false))).toEqual([])
  })

  test('is learned anew by the other kinds as well', () => {
    const given = { tag: 'oil', learnSteps: 50, stepMs: 0 }
    expect(
      anew(
        changed(value => value / 1_000, false),
        drift as never,
        given,
      ),
    ).toHaveLength(1)
  })
})
