import { describe, expect, test } from 'vitest'
import { createRandom } from './random.ts'

const take = (seed: number, stream: string, count: number) => {
  const random = createRandom(seed, stream)
  return Array.from({ length: count }, () => random.gaussian())
}

describe('random numbers', () => {
  test('are the same for the same seed and stream, and others for others', () => {
    expect(take(7, 'a', 100)).toEqual(take(7, 'a', 100))
    expect(take(7, 'a', 100)).not.toEqual(take(8, 'a', 100))
    expect(take(7, 'a', 100)).not.toEqual(take(7, 'b', 100))
  })

  test('are uniform in [0, 1)', () => {
    const random = createRandom(1, 'uniform')
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) counts[Math.floor(10 * random.uniform())]! += 1
    // 10,000 each, standard deviation 95
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('are normal with mean 0, variance 1 and kurtosis 3', () => {
    const values = take(3, 'normal', 100_000)
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / values.length
    expect(moment(1)).toBeCloseTo(0, 1)
    expect(moment(2)).toBeCloseTo(1, 1)
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15)
  })
})
