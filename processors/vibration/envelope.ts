import { transformOf } from '../waveform/fft.ts'

/** Power spectrum of the squared envelope of one frequency band. */
export type EnvelopeSpectrum = {
  readonly lowHz: number
  readonly highHz: number
  readonly resolutionHz: number
  /** Power by bin from 0 Hz on, of the envelope relative to its mean. */
  readonly power: Float64Array
  /** Below this power a modulation is too weak to mean anything, whatever the noise. */
  readonly least: number
}

/** Share of a band over which its edges rise, so that they do not ring. */
const edge = 0.1
/** Modulation depth of `least`. */
const leastDepth = 1e-3

/**
 * Squared envelope spectra (Antoni, 2007) of equal bands from 0 to half the sample rate: each band is cut out of the
 * spectrum, moved to 0 Hz and transformed back at a quarter of the rate or so, which is enough for its envelope.
 * `samples` is a power of two long, finite and not constant.
 */
export function envelopeSpectra(samples: Float32Array, rateHz: number, bands: number): EnvelopeSpectrum[] {
  const size = samples.length
  const spectrum = spectrumOf(samples)
  const width = Math.floor(size / 2 / bands)
  const resolutionHz = rateHz / size
  return Array.from({ length: bands }, (_, band) => {
    const low = band * width
    const { power, least } = bandEnvelope(spectrum, low, width)
    return { lowHz: low * resolutionHz, highHz: (low + width) * resolutionHz, resolutionHz, power, least }
  })
}

/** Interleaved real and imaginary parts of the non-negative frequencies, without the mean. */
function spectrumOf(samples: Float32Array): Float64Array {
  const size = samples.length
  let sum = 0
  for (const x of samples) sum += x
  const mean = sum / size
  const out = new Float64Array(2 * size)
  const centred = new Float64Array(size)
  for (let i = 0; i < size; i++) centred[i] = samples[i]! - mean
  transformOf(size).realTransform(out, centred)
  return out
}

function bandEnvelope(
  spectrum: Float64Array,
  low: number,
  width: number,
): { power: Float64Array; least: number } {
  const size = 2 ** Math.ceil(Math.log2(2 * width))
  const transform = transformOf(size)
  const band = new Float64Array(2 * size)
  for (let k = 0; k < width; k++) {
    const rise = Math.min(1, (k + 0.5) / (edge * width), (width - k - 0.5) / (edge * width))
    band[2 * k] = spectrum[2 * (low + k)]! * rise
    band[2 * k + 1] = spectrum[2 * (low + k) + 1]! * rise
  }
  const analytic = new Float64Array(2 * size)
  transform.inverseTransform(analytic, band)
  const envelope = relativeEnvelope(analytic, size)
  const out = new Float64Array(2 * size)
  transform.realTransform(out, envelope)
  const power = new Float64Array(size / 2)
  for (let k = 0; k < power.length; k++) power[k] = out[2 * k]! ** 2 + out[2 * k + 1]! ** 2
  return { power, least: (leastDepth * size) ** 2 / 16 }
}

/** Squared magnitude over its mean, minus one, under a Hann window; 0 for an empty band. */
function relativeEnvelope(analytic: Float64Array, size: number): Float64Array {
  const envelope = new Float64Array(size)
  let sum = 0
  for (let i = 0; i < size; i++) {
    envelope[i] = analytic[2 * i]! ** 2 + analytic[2 * i + 1]! ** 2
    sum += envelope[i]!
  }
  const mean = sum / size
  if (mean === 0) return envelope
  for (let i = 0; i < size; i++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)
    envelope[i] = (envelope[i]! / mean - 1) * hann
  }
  return envelope
}
