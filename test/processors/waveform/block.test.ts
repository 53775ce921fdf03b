import { describe, expect, test } from 'vitest'
import { clippedShare } from '../../../processors/waveform/block.ts'
import { createRandom } from '../../simulator/random.ts'

const random = createRandom(11, 'block')
const noise = Float32Array.from({ length: 16_384 }, () => random.gaussian())
const sine = (amplitude: number, step: number) =>
  Float32Array.from(
    { length: 12_000 },
    (_, i) => Math.round((amplitude * Math.sin((2 * Math.PI * 30.3 * i) / 12_000)) / step) * step,
  )

describe('the share of clipped samples', () => {
  test('is 0 of noise, of a sine, and of both as a coarse sensor shows them', () => {
    expect(clippedShare(noise)).toBe(0)
    expect(clippedShare(noise.map(x => Math.round(x * 10) / 10))).toBe(0)
    for (const step of [1e-6, 0.001, 0.01, 0.05]) expect(clippedShare(sine(1, step))).toBe(0)
  })

  test.each([0.5, 1, 1.5, 2])(
    'is that of noise beyond %d standard deviations, on both sides or one',
    limit => {
      const beyond = noise.filter(x => Math.abs(x) >= limit).length / noise.length
      expect(clippedShare(noise.map(x => Math.max(-limit, Math.min(limit, x))))).toBeCloseTo(beyond, 10)
      const above = noise.filter(x => x >= limit).length / noise.length
      expect(clippedShare(noise.map(x => Math.min(limit, x)))).toBeCloseTo(above, 10)
    },
  )

  test('is 0 where nothing moves', () => {
    expect(clippedShare(new Float32Array(100))).toBe(0)
  })
})
