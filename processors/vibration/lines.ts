import type { EnvelopeSpectrum } from './envelope.ts'

const harmonicsSought = 3

/** In bins: how far the top of a line may be from where it is sought, and how far a shaft harmonic reaches (Hann). */
const lineBins = 1
const shaftBins = 2
/** Half width of the neighbourhood whose median is the noise floor, in shaft frequencies. */
const floorShafts = 1.5

/** What one fault frequency leaves in one envelope spectrum. */
export type Lines = {
  /** Its weakest harmonics over the noise floor, dB: a single strong line proves nothing. */
  readonly marginDb: number
  /** Where the harmonics fit best, within the tolerance. */
  readonly frequencyHz: number
  /** Each harmonic over its noise floor, dB; those that a shaft harmonic covers, or beyond the spectrum, are left out. */
  readonly harmonicsDb: readonly number[]
  /** Mean level of the sidebands at the shaft speed; of the inner race alone. */
  readonly sidebandsDb?: number
}

/**
 * Seeks a fault frequency and its harmonics, all by the same share of slip off the computed one, at most `tolerance`.
 * Lines at multiples of the shaft speed (unbalance, misalignment, looseness) are not counted.
 * @returns undefined where fewer than two harmonics can be told from the shaft's
 */
export function linesAt(
  spectrum: EnvelopeSpectrum,
  faultHz: number,
  shaftHz: number,
  tolerance: number,
): Lines | undefined {
  const floors = Array.from({ length: harmonicsSought }, (_, h) =>
    noiseFloor(spectrum, (h + 1) * faultHz, shaftHz),
  )
  const steps = Math.max(1, Math.ceil((harmonicsSought * faultHz * tolerance) / spectrum.resolutionHz))
  let best: Lines | undefined
  for (let step = -steps; step <= steps; step++) {
    const frequencyHz = faultHz * (1 + (tolerance * step) / steps)
    const harmonicsDb = floors.flatMap(
      (floor, h) => levelDb(spectrum, (h + 1) * frequencyHz, shaftHz, floor) ?? [],
    )
    if (harmonicsDb.length < 2) continue
    const marginDb = weakest(harmonicsDb)
    if (best === undefined || marginDb > best.marginDb) best = { marginDb, frequencyHz, harmonicsDb }
  }
  return best
}

/** The mean of the two weakest of three; of two, the weaker. */
function weakest(levels: readonly number[]): number {
  const [first, second] = levels.toSorted((a, b) => a - b) as [number, number]
  return levels.length < harmonicsSought ? first : (first + second) / 2
}

/** Mean level over the noise floor, dB, of the lines at ±`spacingHz` about the first two harmonics; below the floor is 0. */
export function sidebandsDb(spectrum: EnvelopeSpectrum, faultHz: number, spacingHz: number): number {
  const lines = [faultHz - spacingHz, faultHz + spacingHz, 2 * faultHz - spacingHz, 2 * faultHz + spacingHz]
  const levels = lines.map(hz =>
    Math.max(0, levelDb(spectrum, hz, undefined, noiseFloor(spectrum, hz, spacingHz)) ?? 0),
  )
  return levels.reduce((sum, level) => sum + level, 0) / levels.length
}

/** The strongest bin of a line over the floor; undefined beyond the spectrum or where the shaft covers it. */
function levelDb(
  { power, resolutionHz }: EnvelopeSpectrum,
  hz: number,
  shaftHz: number | undefined,
  floor: number,
): number | undefined {
  const at = hz / resolutionHz
  let peak: number | undefined
  for (let k = Math.max(2, Math.ceil(at - lineBins)); k <= at + lineBins && k < power.length; k++) {
    if (shaftHz !== undefined && isShaft(k * resolutionHz, shaftHz, resolutionHz)) continue
    if (peak === undefined || power[k]! > peak) peak = power[k]!
  }
  return peak === undefined ? undefined : 10 * Math.log10(Math.max(peak, Number.MIN_VALUE) / floor)
}

function isShaft(hz: number, shaftHz: number, resolutionHz: number): boolean {
  return Math.abs(hz - Math.round(hz / shaftHz) * shaftHz) < shaftBins * resolutionHz
}

/** Mean power of the noise about a frequency: for noise, the median of the bins is ln 2 of their mean. */
function noiseFloor({ power, resolutionHz, least }: EnvelopeSpectrum, hz: number, shaftHz: number): number {
  const at = Math.round(hz / resolutionHz)
  const half = Math.max(8, Math.round((floorShafts * shaftHz) / resolutionHz))
  const bins = power.slice(Math.max(3, at - half), at + half + 1).sort()
  const median = bins[bins.length >> 1] ?? 0
  return Math.max(median / Math.LN2, least)
}
