import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pace } from '../../../connectors/s7/pace.ts'

/** Runs a pace with scans that take these milliseconds; gives the times at which they began. */
function begins(pace: Pace, startMs: number, durations: readonly number[]): number[] {
  let now = startMs
  return durations.map(duration => {
    now += pace.waitMs(now)
    const began = now
    now += duration
    return began
  })
}

describe('the pace of scans', () => {
  test('does not drift: every scan begins on a multiple of the interval, or at once after a longer one', () => {
    expect(begins(new Pace(100, 7), 7, [10, 30, 99, 0, 50])).toEqual([7, 107, 207, 307, 407])
    expect(begins(new Pace(100, 0), 0, [10, 250, 10, 10])).toEqual([0, 100, 350, 400])
  })

  test('never makes up for what it missed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 50 }), durations => {
        const times = begins(new Pace(100, 0), 0, durations)
        const perInterval = Map.groupBy(times, time => Math.floor(time / 100))
        for (const scans of perInterval.values()) expect(scans).toHaveLength(1)
      }),
    )
  })

  test('counts the scans that it lets out', () => {
    const pace = new Pace(100, 0)
    expect(begins(pace, 0, [10, 250, 10, 310])).toEqual([0, 100, 350, 400])
    expect(pace.takeMissed()).toBe(1)
    pace.waitMs(710)
    expect([pace.takeMissed(), pace.takeMissed()]).toEqual([2, 0])
  })

  test('tells an interval that is not kept, once, and when it is kept again', () => {
    const pace = new Pace(100, 0)
    const told: (number | undefined)[] = []
    let now = 0
    const scans = (count: number, duration: number) => {
      for (let i = 0; i < count; i++) {
        now += pace.waitMs(now) + duration
        told.push(pace.revisedMs(now))
      }
    }
    scans(40, 20)
    expect(told.filter(ms => ms !== undefined)).toEqual([])
    scans(30, 300)
    scans(60, 20)
    const revised = told.filter(ms => ms !== undefined)
    expect(revised[0]).toBeGreaterThan(150)
    expect(revised.at(-1)).toBe(100)
  })
})
