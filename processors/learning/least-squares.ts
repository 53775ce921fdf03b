import type { LeastSquares } from '../../model/index.ts'
import { type Matrix, rowOf } from './matrix.ts'

/** What the weights stand for: 1, the features, their squares. */
export function expanded(features: ArrayLike<number>): Float64Array {
  const n = features.length
  const out = new Float64Array(1 + 2 * n)
  out[0] = 1
  for (let i = 0; i < n; i++) {
    const x = features[i]!
    out[1 + i] = x
    out[1 + n + i] = x * x
  }
  return out
}

export function predictLinear({ weights }: LeastSquares, features: ArrayLike<number>): number {
  const x = expanded(features)
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += weights[i]! * x[i]!
  return sum
}

/**
 * Recursive least squares in one pass, in the order of the rows (Haykin, Adaptive Filter Theory, ch. 10, without
 * forgetting). `ridge` is the confidence in weights of zero that it starts with.
 */
export function fitLeastSquares(features: Matrix, targets: Float64Array, ridge = 1): LeastSquares {
  const n = 1 + 2 * features.columns
  const weights = new Float64Array(n)
  const inverse = new Float64Array(n * n)
  for (let i = 0; i < n; i++) inverse[i * n + i] = 1 / ridge
  const gain = new Float64Array(n)
  for (let row = 0; row < features.rows; row++) {
    update(weights, inverse, gain, expanded(rowOf(features, row)), targets[row]!)
  }
  return { kind: 'least-squares', weights: Array.from(weights) }
}

function update(
  weights: Float64Array,
  inverse: Float64Array,
  gain: Float64Array,
  x: Float64Array,
  target: number,
): void {
  const n = x.length
  let expectation = 0
  let uncertainty = 1
  for (let i = 0; i < n; i++) {
    let sum = 0
    const at = i * n
    for (let j = 0; j < n; j++) sum += inverse[at + j]! * x[j]!
    gain[i] = sum
    uncertainty += x[i]! * sum
    expectation += weights[i]! * x[i]!
  }
  const error = target - expectation
  for (let i = 0; i < n; i++) {
    const share = gain[i]! / uncertainty
    weights[i]! += share * error
    const at = i * n
    for (let j = 0; j <= i; j++) {
      const next = inverse[at + j]! - share * gain[j]!
      inverse[at + j] = next
      inverse[j * n + i] = next
    }
  }
}
