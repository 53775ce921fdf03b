import type { WaveformBlock } from '../../model/index.ts'
import { clippedShare } from '../waveform/block.ts'
import { meanSquareIn, powerSpectrum } from '../waveform/spectrum.ts'
import { statisticsOf } from '../waveform/statistics.ts'
import type { LevelOptions } from './options.ts'
import { metresPerS2 } from './unit.ts'

/** What one block measures. Mean squares, so that those of several blocks can be averaged. */
export type Measures = {
  /** (mm/s)²; or why it is not known. */
  readonly velocity: number | string
  /** About the mean, in the square of the block's unit. */
  readonly acceleration: number
  readonly peak: number
  readonly crest: number
  readonly kurtosis: number
  /** Acceleration by declared band; null where the block cannot tell it. */
  readonly bands: readonly (number | null)[]
  readonly clippedShare: number
}

/** A Hann window makes lines four bins wide: a band's lower end must be so many bins away from 0 Hz. */
const leastBins = 4
/** A spectrum is made so fine where the block is long enough. */
const wantedBins = 8
/** Above this share of half the sample rate the anti-aliasing filter has set in. */
const usableShare = 0.8

/** Measures a block that is usable. */
export function measure(block: WaveformBlock, options: LevelOptions): Measures {
  const { samples, rateHz } = block
  const { rms, peak, crest, kurtosis } = statisticsOf(samples)
  const size = sizeFor(samples.length, rateHz, options.lowHz)
  const spectrum = powerSpectrum(samples, rateHz, size)
  const tells = (lowHz: number, highHz: number) =>
    highHz <= rateHz / 2 && highHz - lowHz >= spectrum.resolutionHz
  return {
    velocity: whyNoVelocity(block, size, options) ?? velocityOf(block, spectrum, options),
    acceleration: rms ** 2,
    peak,
    crest,
    kurtosis,
    bands: options.bands.map(({ lowHz, highHz }) =>
      tells(lowHz, highHz) ? meanSquareIn(spectrum, lowHz, highHz) : null,
    ),
    clippedShare: clippedShare(samples),
  }
}

function sizeFor(length: number, rateHz: number, lowHz: number): number {
  const wanted = 2 ** Math.ceil(Math.log2((wantedBins * rateHz) / lowHz))
  return Math.min(wanted, 2 ** Math.floor(Math.log2(length)))
}

function whyNoVelocity(
  { unit, rateHz, samples }: WaveformBlock,
  size: number,
  { lowHz, highHz }: LevelOptions,
): string | undefined {
  if (metresPerS2(unit) === undefined) return `the block is in "${unit}", no unit of acceleration`
  if (highHz > (usableShare * rateHz) / 2)
    return `a velocity up to ${highHz} Hz needs a sample rate of ${Math.ceil((2 * highHz) / usableShare)} Hz, this is ${rateHz} Hz`
  const needed = 2 ** Math.ceil(Math.log2((leastBins * rateHz) / lowHz))
  if (size >= needed) return undefined
  return `a velocity from ${lowHz} Hz on needs blocks of ${needed} samples at ${rateHz} Hz, this has ${samples.length}`
}

/** Integration is division by the angular frequency. */
function velocityOf(
  { unit }: WaveformBlock,
  spectrum: ReturnType<typeof powerSpectrum>,
  { lowHz, highHz }: LevelOptions,
): number {
  const mmPerS2 = 1_000 * metresPerS2(unit)!
  return meanSquareIn(spectrum, lowHz, highHz, hz => (mmPerS2 / (2 * Math.PI * hz)) ** 2)
}
