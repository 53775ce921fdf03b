import { expect, test } from 'vitest'
import { envelopeSpectra } from '../../../processors/vibration/envelope.ts'
import { linesAt } from '../../../processors/vibration/lines.ts'
import { createRandom } from '../../simulator/random.ts'

const rateHz = 12_000
const size = 16_384

/** A carrier whose amplitude swings at `modulationHz`, in faint noise. */
function modulated(carrierHz: number, modulationHz: number): Float32Array {
  const random = createRandom(2, 'modulated')
  return Float32Array.from({ length: size }, (_, i) => {
    const t = i / rateHz
    const amplitude = 1 + 0.5 * Math.cos(2 * Math.PI * modulationHz * t)
    return amplitude * Math.sin(2 * Math.PI * carrierHz * t) + 0.01 * random.gaussian()
  })
}

test('the envelope of the band that holds the carrier has its line where the amplitude swings', () => {
  const spectra = envelopeSpectra(modulated(3_400, 107), rateHz, 6)
  const band = spectra.findIndex(({ lowHz, highHz }) => lowHz < 3_400 && 3_400 < highHz)
  const { power, resolutionHz } = spectra[band]!
  const strongest = power.indexOf(Math.max(...power.slice(3)))
  expect(strongest * resolutionHz).toBeCloseTo(107, 0)
})

test('its power is that of the modulation: (1 + m cos)² has a line of 2 m on a mean of 1 + m² / 2', () => {
  const { power } = envelopeSpectra(modulated(3_500, 100), rateHz, 6)[3]!
  // Half of a line is at the positive frequency, a Hann window halves it once more, and `power` has half of the samples.
  const amplitude = Math.sqrt(Math.max(...power.slice(3))) / (power.length / 2)
  const expected = (2 * 0.5) / (1 + 0.5 ** 2 / 2)
  expect(amplitude).toBeLessThan(1.01 * expected)
  expect(amplitude).toBeGreaterThan(0.84 * expected) // between two bins a Hann window loses 1.4 dB
})

test('bands cover the spectrum once, up to half the sample rate', () => {
  const spectra = envelopeSpectra(modulated(3_400, 107), rateHz, 6)
  expect(spectra).toHaveLength(6)
  expect(spectra[0]!.lowHz).toBe(0)
  for (const [i, { lowHz }] of spectra.entries())
    if (i > 0) expect(lowHz).toBeCloseTo(spectra[i - 1]!.highHz, 9)
  expect(spectra[5]!.highHz).toBeGreaterThan(5_990)
})

test('a pure tone has no envelope, and no line stands out of the rounding', () => {
  const tone = Float32Array.from({ length: size }, (_, i) => Math.sin((2 * Math.PI * 3_437 * i) / rateHz))
  for (const spectrum of envelopeSpectra(tone, rateHz, 6)) {
    expect(linesAt(spectrum, 107, 29.95, 0.01)?.marginDb ?? 0).toBeLessThan(10)
  }
})
