import { type Model, modelOf } from './model.ts'

/**
 * Sums over the rows of the time of learning, about the first row: of the values, and of what smoothing makes of them,
 * because what is judged later is smooth and much of a machine's variation is slow.
 */
export type Learning = {
  n: number
  pivot: number[]
  sum: number[]
  /** Rows of the lower triangle. */
  products: number[][]
  smooth: number[]
  smoothN: number
  smoothSum: number[]
  smoothProducts: number[][]
}

export function newLearning(row: readonly number[]): Learning {
  const zeros = () => row.map(() => 0)
  const triangle = () => row.map((_, i) => new Array<number>(i + 1).fill(0))
  return {
    n: 0,
    pivot: [...row],
    sum: zeros(),
    products: triangle(),
    smooth: [...row],
    smoothN: 0,
    smoothSum: zeros(),
    smoothProducts: triangle(),
  }
}

/** `share` is the weight of the row in the moving average, which counts once it has forgotten where it began. */
export function learnRow(learning: Learning, row: readonly number[], share: number): void {
  const { pivot, smooth } = learning
  learning.n++
  for (let i = 0; i < row.length; i++) smooth[i]! += share * (row[i]! - smooth[i]!)
  add(row, pivot, learning.sum, learning.products)
  if (learning.n * share < 1) return
  learning.smoothN++
  add(smooth, pivot, learning.smoothSum, learning.smoothProducts)
}

function add(
  row: readonly number[],
  pivot: readonly number[],
  sum: number[],
  products: readonly number[][],
): void {
  for (let i = 0; i < row.length; i++) {
    const a = row[i]! - pivot[i]!
    sum[i]! += a
    const line = products[i]!
    for (let j = 0; j <= i; j++) line[j]! += a * (row[j]! - pivot[j]!)
  }
}

/** The model, once enough rows were learned. */
export function learned({ n, pivot, sum, products, ...smoothed }: Learning): Model {
  const { smooth, smoothN, smoothSum, smoothProducts } = smoothed
  const mean = sum.map((one, i) => pivot[i]! + one / n)
  const covariance = (i: number, j: number) => at(products, i, j) / n - (sum[i]! / n) * (sum[j]! / n)
  // About the mean of all rows, not of the smoothed ones: what they are compared with later.
  const smoothCovariance = (i: number, j: number) => {
    const [a, b] = [sum[i]! / n, sum[j]! / n]
    const [sa, sb] = [smoothSum[i]! / smoothN, smoothSum[j]! / smoothN]
    return at(smoothProducts, i, j) / smoothN - a * sb - b * sa + a * b
  }
  return modelOf(mean, covariance, smoothCovariance, smooth)
}

function at(triangle: readonly number[][], i: number, j: number): number {
  return i >= j ? triangle[i]![j]! : triangle[j]![i]!
}
