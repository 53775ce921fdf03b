import {
  endLearning,
  follow,
  isConstant,
  learn,
  type Network,
  newNetwork,
  reconstructed,
} from '../learning/autoencoder.ts'
import type { AutoencoderOptions } from './options.ts'

/**
 * A network and what its errors are on normal rows. For four fifths of the learning time rows train it, but for every third
 * one near their end, on which the variance of each tag's error is measured before. In the last fifth the
 * largest smoothed error is found. Plain JSON.
 */
export type Model = {
  network: Network
  rows: number
  /** Rows that were kept from training, and the sums of their squared errors. */
  measured: number
  squares: number[]
  /** Squared errors in variances, smoothed, by tag; about 1 on normal rows. */
  smoothed: number[]
  /** Their largest of the last fifth. */
  largest: number[]
}

/** By how much a tag is off: `score` in times of its largest normal error. */
export type Contribution = {
  readonly at: number
  readonly score: number
  readonly value: number
  readonly expected: number
}

const learning = { keptRows: 128, updatesPerRow: 48 }
/** An error below this part of what a tag moves is no error, however well a tag without noise is learned. */
const leastError = 0.02
/** Up to so many times the largest normal error a row is one to learn from. */
const calm = 2

export function newModel(tags: number, { hidden }: AutoencoderOptions): Model {
  const filled = (value: number) => new Array<number>(tags).fill(value)
  const network = newNetwork(tags, hidden)
  return { network, rows: 0, measured: 0, squares: filled(0), smoothed: filled(1), largest: filled(1) }
}

/** `progress` is the part of the learning time that has passed, 0 to 1. */
export function train(model: Model, row: readonly number[], progress: number, smoothing: number): void {
  const { network } = model
  model.rows += 1
  const isHeldOut = progress > 0.7 && model.rows % 3 === 0
  if (progress < 0.8 && !isHeldOut) {
    learn(network, row, { ...learning, rate: 0.005 * (1 - progress / 0.85) + 0.0002 })
    return
  }
  const errors = errorsOf(model, row, reconstructed(network, row))
  if (progress < 0.8) {
    model.measured += 1
    model.squares = model.squares.map((sum, i) => sum + errors[i]! ** 2)
    return
  }
  if (network.kept.length > 0) endLearning(network)
  smooth(model, errors, smoothing)
  model.largest = model.largest.map((largest, i) => Math.max(largest, model.smoothed[i]!))
}

/** Whether there were rows in every part of the learning time. */
export const isTrained = ({ network, measured }: Model): boolean =>
  network.kept.length === 0 && network.count > 0 && measured > 0

/** What each tag adds, the most first; the state moves on by the row. */
export function look(model: Model, row: readonly number[], smoothing: number): Contribution[] {
  const expected = reconstructed(model.network, row)
  smooth(model, errorsOf(model, row, expected), smoothing)
  return row
    .map((value, at) => ({
      at,
      value,
      expected: expected[at]!,
      score: model.smoothed[at]! / model.largest[at]!,
    }))
    .filter(({ at }) => !isConstant(model.network, at))
    .sort((a, b) => b.score - a.score)
}

/**
 * Follows what drifts: the network while all is calm, and slowly what the largest normal error is while nothing warns. A
 * fault goes beyond that at once, and is never learned.
 */
export function drift(
  model: Model,
  row: readonly number[],
  worst: number,
  { followRate, warning }: AutoencoderOptions,
): void {
  if (followRate === 0 || worst > warning) return
  if (worst <= calm) follow(model.network, row, followRate)
  model.largest = model.largest.map((largest, i) => {
    const more = model.smoothed[i]! - largest
    return more > 0 ? largest + 0.6 * followRate * more : largest
  })
}

/** In the deviations that the tag had while it was learned. */
function errorsOf({ network }: Model, row: readonly number[], expected: readonly number[]): number[] {
  return row.map((value, i) => {
    const variance = network.count > 1 ? network.squares[i]! / (network.count - 1) : 0
    return variance > 0 ? (value - expected[i]!) / Math.sqrt(variance) : 0
  })
}

function smooth(model: Model, errors: readonly number[], smoothing: number): void {
  model.smoothed = model.smoothed.map((before, i) => {
    const variance = Math.max(model.squares[i]! / Math.max(1, model.measured), leastError ** 2)
    // One wild value is worth no more than thirty deviations: it must not hold a verdict for minutes.
    const size = Math.min(errors[i]! ** 2 / variance, 900)
    return Number((before + smoothing * (size - before)).toPrecision(9))
  })
}
