import { transformOf } from './fft.ts'

/** Mean square by bin from 0 Hz on, one-sided: over all bins it sums to that of the samples about their mean. */
export type PowerSpectrum = { readonly resolutionHz: number; readonly meanSquare: Float64Array }

/**
 * Welch's mean of Hann-windowed segments, half overlapping, that cover the samples to the last one; `size` is a power of
 * two, and no more than there are samples.
 */
export function powerSpectrum(samples: Float32Array, rateHz: number, size: number): PowerSpectrum {
  const hops = Math.ceil((samples.length - size) / (size / 2))
  const meanSquare = new Float64Array(size / 2)
  let mean = 0
  for (const x of samples) mean += x / samples.length
  for (let hop = 0; hop <= hops; hop++) {
    const start = hops === 0 ? 0 : Math.round((hop * (samples.length - size)) / hops)
    addSegment(meanSquare, samples.subarray(start, start + size), mean, hops + 1)
  }
  return { resolutionHz: rateHz / size, meanSquare }
}

/** Sum of the squares of a Hann window, as a share of its length. */
const windowPower = 3 / 8

function addSegment(meanSquare: Float64Array, segment: Float32Array, mean: number, segments: number): void {
  const size = segment.length
  const windowed = new Float64Array(size)
  for (let i = 0; i < size; i++)
    windowed[i] = (segment[i]! - mean) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
  const out = new Float64Array(2 * size)
  transformOf(size).realTransform(out, windowed)
  const scale = 2 / (size * size * windowPower * segments)
  for (let k = 1; k < size / 2; k++)
    meanSquare[k] = meanSquare[k]! + scale * (out[2 * k]! ** 2 + out[2 * k + 1]! ** 2)
}

/** Mean square between two frequencies; each bin times `weight` of its frequency. */
export function meanSquareIn(
  { meanSquare, resolutionHz }: PowerSpectrum,
  lowHz: number,
  highHz: number,
  weight: (hz: number) => number = () => 1,
): number {
  let sum = 0
  const first = Math.max(1, Math.ceil(lowHz / resolutionHz))
  for (let k = first; k * resolutionHz <= highHz && k < meanSquare.length; k++)
    sum += meanSquare[k]! * weight(k * resolutionHz)
  return sum
}
