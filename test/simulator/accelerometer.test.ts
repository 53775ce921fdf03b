import FFT from 'fft.js'
import { describe, expect, test } from 'vitest'
import { Accelerometer, blockSamples, sampleRateHz } from './accelerometer.ts'
import { innerRaceOrder, soundWear, spindleBearing } from './bearing.ts'
import { createRandom } from './random.ts'

const rpm = 1_480
const speedRadS = (rpm * 2 * Math.PI) / 60
const resolutionHz = sampleRateHz / blockSamples

function blockOf(wear: number, seed = 1): Float32Array {
  const sensor = new Accelerometer(createRandom(seed, 'a'), spindleBearing)
  for (;;) {
    const block = sensor.step(0.01, { speedRadS, wear, blow: 0 })
    if (block) return block
  }
}

/** Power spectrum of the squared signal after a difference filter: enough of an envelope for a resonance at 3.4 kHz. */
function envelopeSpectrum(block: Float32Array): number[] {
  const squared = Array.from(block, (x, i) => (x - (block[i - 1] ?? x)) ** 2)
  const mean = squared.reduce((sum, x) => sum + x, 0) / squared.length
  const fft = new FFT(blockSamples)
  const out = fft.createComplexArray() as number[]
  fft.realTransform(
    out,
    squared.map(x => x - mean),
  )
  return Array.from({ length: blockSamples / 2 }, (_, i) => out[2 * i]! ** 2 + out[2 * i + 1]! ** 2)
}

/** How far the line at a frequency stands above the median of its neighbourhood, dB. */
function prominenceDb(spectrum: readonly number[], frequencyHz: number): number {
  const bin = Math.round(frequencyHz / resolutionHz)
  const peak = Math.max(...spectrum.slice(bin - 2, bin + 3))
  const around = spectrum.slice(bin - 40, bin + 41).sort((a, b) => a - b)
  return 10 * Math.log10(peak / around[40]!)
}

const bpfiHz = (innerRaceOrder(spindleBearing) * rpm) / 60

describe('the acceleration sensor', () => {
  test('the envelope of a worn bearing shows the ball pass frequency of the inner race with sidebands of the shaft', () => {
    const spectrum = envelopeSpectrum(blockOf(0.5))
    expect(prominenceDb(spectrum, bpfiHz)).toBeGreaterThan(20)
    expect(prominenceDb(spectrum, 2 * bpfiHz)).toBeGreaterThan(15)
    expect(prominenceDb(spectrum, bpfiHz - rpm / 60)).toBeGreaterThan(15)
  })

  test('the envelope of a sound one does not', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(prominenceDb(envelopeSpectrum(blockOf(soundWear, seed)), bpfiHz)).toBeLessThan(13)
    }
  })

  test('wear raises the vibration, and a standing spindle has none but the noise of the sensor', () => {
    const rms = (block: Float32Array) => Math.sqrt(block.reduce((sum, x) => sum + x * x, 0) / block.length)
    expect(rms(blockOf(1))).toBeGreaterThan(3 * rms(blockOf(soundWear)))
    const sensor = new Accelerometer(createRandom(1, 'still'), spindleBearing)
    let still: Float32Array | undefined
    while (!still) still = sensor.step(0.01, { speedRadS: 0, wear: 1, blow: 0 })
    expect(rms(still)).toBeCloseTo(0.03, 2)
  })
})
