import { describe, expect, test } from 'vitest'
import { SecondRing } from '../../board/second-ring.ts'

const base = 1_800_000_000

describe('the ring of seconds', () => {
  test('gives back rows in order of time, whatever order they came in', () => {
    const ring = new SecondRing(10, 2)
    ring.set(base + 3, [3, 30])
    ring.set(base + 1, [1, 10])
    ring.set(base + 2, [2, null])
    expect(ring.read(base, base + 3)).toEqual({
      t: [base + 1, base + 2, base + 3],
      columns: [
        [1, 2, 3],
        [10, null, 30],
      ],
    })
  })

  test('forgets what is older than its capacity', () => {
    const ring = new SecondRing(10, 1)
    for (let second = 0; second < 25; second++) ring.set(base + second, [second])
    expect(ring.read(0, base + 24).columns).toEqual([[15, 16, 17, 18, 19, 20, 21, 22, 23, 24]])
  })

  test('a correction replaces its second; a row older than the slot is ignored', () => {
    const ring = new SecondRing(10, 1)
    ring.set(base + 10, [1])
    ring.set(base + 10, [2])
    ring.set(base, [99])
    expect(ring.read(base - 1, base + 10)).toEqual({ t: [base + 10], columns: [[2]] })
  })

  test('reads only after and up to what was asked for', () => {
    const ring = new SecondRing(10, 1)
    for (let second = 0; second < 10; second++) ring.set(base + second, [second])
    expect(ring.read(base + 3, base + 6).columns).toEqual([[4, 5, 6]])
    expect(ring.read(base + 6, base + 3).t).toEqual([])
  })

  test('buckets are means of what is there, and null where nothing is', () => {
    const ring = new SecondRing(60, 1)
    for (const [second, value] of [
      [1, 10],
      [2, 20],
      [9, 5],
    ] as const) {
      ring.set(base + second, [value])
    }
    expect(ring.buckets(0, base + 9, 3, 3)).toEqual([15, null, 5])
  })

  test('seconds that no clock shows do no harm', () => {
    const ring = new SecondRing(10, 1)
    for (const second of [-5, 2 ** 40, Number.MAX_SAFE_INTEGER]) ring.set(second, [1])
    expect(ring.read(base, base + 100).t).toEqual([])
  })
})
