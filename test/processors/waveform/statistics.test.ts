import { expect, test } from 'vitest'
import { statisticsOf } from '../../../processors/waveform/statistics.ts'
import { createRandom } from '../../simulator/random.ts'

test('a sine has the rms, crest and kurtosis that the book gives, whatever its mean', () => {
  const sine = Float32Array.from({ length: 16_000 }, (_, i) => 5 + 2 * Math.sin((2 * Math.PI * i) / 100))
  const { rms, peak, crest, kurtosis, lastingKurtosis } = statisticsOf(sine)
  expect(rms).toBeCloseTo(Math.SQRT2, 5)
  expect(peak).toBeCloseTo(2, 5)
  expect(crest).toBeCloseTo(Math.SQRT2, 5)
  expect(kurtosis).toBeCloseTo(1.5, 5)
  expect(lastingKurtosis).toBeCloseTo(1.5, 5)
})

test('a single blow raises the kurtosis, not the lasting one', () => {
  const random = createRandom(1, 'noise')
  const noise = Float32Array.from({ length: 16_384 }, () => random.gaussian())
  expect(statisticsOf(noise).kurtosis).toBeCloseTo(3, 0)
  noise[8_000] = 60
  const { kurtosis, lastingKurtosis } = statisticsOf(noise)
  expect(kurtosis).toBeGreaterThan(20)
  expect(lastingKurtosis).toBeLessThan(3.3)
})

test('blows that go on raise both', () => {
  const random = createRandom(1, 'blows')
  const blows = Float32Array.from({ length: 16_384 }, (_, i) => random.gaussian() + (i % 100 === 0 ? 15 : 0))
  const { kurtosis, lastingKurtosis } = statisticsOf(blows)
  expect(kurtosis).toBeGreaterThan(10)
  expect(lastingKurtosis).toBeGreaterThan(10)
})

test('nothing moves: all are 0; a sample that is not finite is told by the kurtosis', () => {
  const flat = { rms: 0, peak: 0, crest: 0, kurtosis: 0, lastingKurtosis: 0 }
  expect(statisticsOf(new Float32Array(64).fill(3))).toEqual(flat)
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const samples = new Float32Array(64).fill(3)
    samples[5] = odd
    expect(statisticsOf(samples).kurtosis).toBeNaN()
  }
})
