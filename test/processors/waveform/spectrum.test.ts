import { expect, test } from 'vitest'
import { meanSquareIn, powerSpectrum } from '../../../processors/waveform/spectrum.ts'
import { createRandom } from '../../simulator/random.ts'

const rateHz = 10_000
const sine = (amplitude: number, hz: number, length: number) =>
  Float32Array.from({ length }, (_, i) => 3 + amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz))

test.each([
  [4_096, 4_096],
  [10_000, 4_096],
  [9_999, 1_024],
])(
  '%i samples in segments of %i: a sine has its mean square at its frequency, whatever its mean',
  (length, size) => {
    for (const hz of [200, 1_003.3, 3_000]) {
      const spectrum = powerSpectrum(sine(2, hz, length), rateHz, size)
      const around = 3 * spectrum.resolutionHz
      expect(meanSquareIn(spectrum, hz - around, hz + around)).toBeCloseTo(2, 2)
      expect(meanSquareIn(spectrum, 0, hz - 10 * around)).toBeLessThan(0.001)
    }
  },
)

test('noise has as much in each half of the spectrum, and all of it in both', () => {
  const random = createRandom(5, 'noise')
  const noise = Float32Array.from({ length: 65_536 }, () => random.gaussian())
  const spectrum = powerSpectrum(noise, rateHz, 2_048)
  const [low, high] = [meanSquareIn(spectrum, 0, 2_500), meanSquareIn(spectrum, 2_500, 5_000)]
  expect(low + high).toBeCloseTo(1, 1)
  expect(low / high).toBeCloseTo(1, 1)
})

test('the last samples count too', () => {
  const late = new Float32Array(5_000)
  late[4_700] = 100
  expect(meanSquareIn(powerSpectrum(late, rateHz, 1_024), 0, 5_000)).toBeGreaterThan(0.5)
})
