import type { Fault, Orders } from './bearing.ts'
import { type EnvelopeSpectrum, envelopeSpectra } from './envelope.ts'
import { type Lines, linesAt, sidebandsDb } from './lines.ts'

/** Equal bands between 0 and half the sample rate, of which the one where a fault stands out most is taken. */
export const bandCount = 6
/** Turns of the shaft in one spectrum for which thresholds hold: a margin grows by 3 dB with each doubling. */
export const fullTurns = 40
/** With fewer turns the fault lines cannot be told from the shaft's. */
const leastTurns = 8
const longest = 65_536

/** Margins in dB of one fault by band; null where the lines cannot be told. */
export type Margins = (number | null)[]

/** What one block says of the bearing. */
export type Diagnosis = {
  readonly margins: Readonly<Record<Fault, Margins>>
  /** Best-fitting lines of each fault by band, of the last spectrum. */
  readonly lines: Readonly<Record<Fault, (Lines | undefined)[]>>
  readonly cageDb: number | null
  /** Turns of the shaft in one spectrum. */
  readonly turns: number
  readonly bands: readonly { readonly lowHz: number; readonly highHz: number }[]
}

/** One sentence why a block of that length cannot be diagnosed, or undefined. */
export function whyNotDiagnosable(
  samples: number,
  rateHz: number,
  rpm: number,
  orders: Orders,
): string | undefined {
  const shaftHz = rpm / 60
  const turnsHere = (samples / rateHz) * shaftHz
  if (!(turnsHere >= leastTurns))
    return `a block of ${samples} samples at ${rateHz} Hz holds ${turnsHere.toFixed(1)} turns at ${rpm} rpm, at least ${leastTurns} are needed: make the blocks longer`
  const highest = Math.max(orders.BPFI, orders.BSF2) * shaftHz
  const reach = rateHz / 2 / bandCount
  if (2 * highest > reach)
    return `fault frequencies up to ${highest.toFixed(0)} Hz need a sample rate of at least ${Math.ceil(4 * highest * bandCount)} Hz, this is ${rateHz} Hz`
  return undefined
}

/** Diagnoses a block for which `whyNotDiagnosable` gave nothing; the samples are finite and not all the same. */
export function diagnose(
  samples: Float32Array,
  rateHz: number,
  rpm: number,
  orders: Orders,
  tolerance: number,
): Diagnosis {
  const shaftHz = rpm / 60
  const segments = segmentsOf(samples, rateHz / shaftHz)
  const found = segments.map(segment => {
    const spectra = envelopeSpectra(segment, rateHz, bandCount)
    const of = (fault: Fault) =>
      spectra.map(spectrum => faultLines(spectrum, fault, orders, shaftHz, tolerance))
    const cage = spectra.map(spectrum => linesAt(spectrum, orders.FTF * shaftHz, shaftHz, tolerance))
    return { spectra, lines: { BPFO: of('BPFO'), BPFI: of('BPFI'), BSF2: of('BSF2') }, cage }
  })
  const last = found[found.length - 1]!
  const marginsOf = (fault: Fault): Margins =>
    last.spectra.map((_, band) => mean(found.map(({ lines }) => lines[fault][band]?.marginDb)))
  return {
    margins: { BPFO: marginsOf('BPFO'), BPFI: marginsOf('BPFI'), BSF2: marginsOf('BSF2') },
    lines: last.lines,
    cageDb: best(last.cage.map(lines => lines?.marginDb ?? null)),
    turns: (segments[0]!.length / rateHz) * shaftHz,
    bands: last.spectra.map(({ lowHz, highHz }) => ({ lowHz, highHz })),
  }
}

/** Equal parts, a power of two long, of about `fullTurns` turns; a remainder at the start is left out. */
function segmentsOf(samples: Float32Array, samplesPerTurn: number): Float32Array[] {
  const wanted = Math.min(longest, fullTurns * samplesPerTurn, samples.length * Math.SQRT2)
  let size = 2 ** Math.round(Math.log2(wanted))
  while (size > samples.length) size /= 2
  const count = Math.floor(samples.length / size)
  const start = samples.length - count * size
  return Array.from({ length: count }, (_, i) => samples.subarray(start + i * size, start + (i + 1) * size))
}

/**
 * An inner-race fault passes through the load zone once a turn: its lines have sidebands at the shaft speed, and its
 * margin is the mean of lines and sidebands. It tells them from ball faults that hit the inner race.
 */
function faultLines(
  spectrum: EnvelopeSpectrum,
  fault: Fault,
  orders: Orders,
  shaftHz: number,
  tolerance: number,
): Lines | undefined {
  const lines = linesAt(spectrum, orders[fault] * shaftHz, shaftHz, tolerance)
  if (fault !== 'BPFI' || lines === undefined) return lines
  const sidebands = sidebandsDb(spectrum, lines.frequencyHz, shaftHz)
  return { ...lines, marginDb: (lines.marginDb + sidebands) / 2, sidebandsDb: sidebands }
}

/** null when one is missing. */
function mean(values: readonly (number | undefined)[]): number | null {
  let sum = 0
  for (const value of values) {
    if (value === undefined) return null
    sum += value
  }
  return sum / values.length
}

/** The largest that is known. */
export function best(margins: Margins): number | null {
  return margins.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null)
}
