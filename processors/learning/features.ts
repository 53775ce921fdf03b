import type { FeatureSpec } from '../../model/index.ts'
import { nearestCentre, scaled } from './regimes.ts'

/** What is remembered of one asset's life so far; plain JSON. */
export type FeatureState = {
  /** Observations since the start or the last repair, known or not: hours of operation. */
  age: number
  /** Observations that went into the means. */
  taken: number
  /** A mean a memory and used input, not yet divided by its weight. */
  means: number[]
  /** Share of late observations with an input outside what training saw, by input; forgets over `driftMemory`. */
  outside: number[]
}

const driftMemory = 10
/** More than this share of late observations outside is a drift, not an outlier. */
const driftShare = 0.5

export type Features = { readonly ok: true; readonly row: Float64Array }
export type NotKnown = { readonly ok: false; readonly reason: string }

export function newFeatureState({ memory, used, inputs }: FeatureSpec): FeatureState {
  return {
    age: 0,
    taken: 0,
    means: new Array(memory.length * used.length).fill(0),
    outside: new Array(inputs.length).fill(0),
  }
}

/** The names of the features, in their order. */
export function featureNames({ memory, used, inputs }: FeatureSpec): string[] {
  const named = (what: (name: string) => string) => used.map(at => what(inputs[at]!))
  return [
    'age',
    ...memory.flatMap(span => named(name => `${name} mean ${span}`)),
    ...memory.slice(1).flatMap(span => named(name => `${name} change ${memory[0]}-${span}`)),
  ]
}

export const featureCount = ({ memory, used }: FeatureSpec): number =>
  1 + used.length * (2 * memory.length - 1)

/**
 * Moves the state on by one observation, in place, and gives its features. `values` are the inputs, then the settings;
 * a text says why one is not known.
 */
export function stepFeatures(
  state: FeatureState,
  values: readonly (number | string)[],
  spec: FeatureSpec,
): Features | NotKnown {
  state.age++
  const missing = values.find(value => typeof value === 'string')
  if (missing !== undefined) return { ok: false, reason: missing as string }
  const { inputs, regimes } = spec
  const known = values as readonly number[]
  const { at, distance } = nearestCentre(regimes, scaled(known.slice(inputs.length), spec.scale))
  const regime = regimes[at]!
  if (distance > regime.radius)
    return { ok: false, reason: `the settings ${settingsText(known, spec)} are no regime that training saw` }
  const outside = noteOutside(state, known, regime, spec)
  if (outside.drifted !== undefined) return { ok: false, reason: outside.drifted }
  if (!outside.any) takeInto(state, known, regime, spec)
  return { ok: true, row: rowOfState(state, spec) }
}

function takeInto(state: FeatureState, values: readonly number[], regime: Regime, spec: FeatureSpec): void {
  const { memory, used } = spec
  state.taken++
  memory.forEach((span, m) => {
    used.forEach((input, u) => {
      const slot = m * used.length + u
      state.means[slot]! += (normalised(values[input]!, input, regime) - state.means[slot]!) / span
    })
  })
}

type Regime = FeatureSpec['regimes'][number]

function normalised(value: number, input: number, { mean, deviation }: Regime): number {
  return deviation[input]! > 0 ? (value - mean[input]!) / deviation[input]! : 0
}

function rowOfState({ age, taken, means }: FeatureState, { memory, used }: FeatureSpec): Float64Array {
  const size = used.length
  const row = new Float64Array(1 + size * (2 * memory.length - 1))
  row[0] = age
  memory.forEach((span, m) => {
    const weight = 1 - (1 - 1 / span) ** taken
    for (let u = 0; u < size; u++) row[1 + m * size + u] = means[m * size + u]! / weight
  })
  for (let m = 1; m < memory.length; m++) {
    for (let u = 0; u < size; u++) {
      row[1 + (memory.length + m - 1) * size + u] = row[1 + u]! - row[1 + m * size + u]!
    }
  }
  return row
}

/** One observation outside is an outlier, and left out; many are a drift, and so is the first one. */
function noteOutside(
  state: FeatureState,
  values: readonly number[],
  { low, high }: Regime,
  { inputs }: FeatureSpec,
): { readonly any: boolean; readonly drifted: string | undefined } {
  let worst: string | undefined
  let any = false
  inputs.forEach((name, input) => {
    const value = values[input]!
    const isOutside = value < low[input]! || value > high[input]!
    state.outside[input]! += ((isOutside ? 1 : 0) - state.outside[input]!) / driftMemory
    any ||= isOutside
    const began = isOutside && state.taken === 0
    if ((began || state.outside[input]! > driftShare) && worst === undefined)
      worst = `${name} is ${short(value)}, outside the ${short(low[input]!)} to ${short(high[input]!)} that the model was trained on`
  })
  return { any, drifted: worst }
}

function settingsText(values: readonly number[], { inputs, settings }: FeatureSpec): string {
  return settings.map((name, i) => `${name} ${short(values[inputs.length + i]!)}`).join(', ')
}

const short = (value: number): string => String(Number(value.toPrecision(4)))
