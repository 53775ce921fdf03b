import { describe, expect, test } from 'vitest'
import { binned, binOf } from '../../../processors/learning/bins.ts'
import { coverageOf, fitInterval, intervalOf } from '../../../processors/learning/intervals.ts'
import { fitLeastSquares, predictLinear } from '../../../processors/learning/least-squares.ts'
import { type Matrix, matrix, rowOf } from '../../../processors/learning/matrix.ts'
import { nearestCentre, regimeCentres } from '../../../processors/learning/regimes.ts'
import { phm08, rmse } from '../../../processors/learning/scores.ts'
import { fitTrees, predictTrees } from '../../../processors/learning/trees.ts'
import { createRandom } from '../../simulator/random.ts'

const random = createRandom(3, 'learners')

function drawn(rows: number, columns: number): Matrix {
  const made = matrix(rows, columns)
  for (const i of made.data.keys()) made.data[i] = random.gaussian()
  return made
}

const errorOf = (predict: (row: Float64Array) => number, x: Matrix, y: Float64Array) =>
  Math.sqrt(y.reduce((sum, truth, i) => sum + (predict(rowOf(x, i)) - truth) ** 2, 0) / y.length)

describe('recursive least squares', () => {
  const x = drawn(500, 3)
  const targetOf = (row: Float64Array) => 4 + 2 * row[0]! - row[1]! + 0.5 * row[2]! ** 2
  const y = Float64Array.from({ length: 500 }, (_, i) => targetOf(rowOf(x, i)))

  test('finds the weights of what is linear in the features and their squares', () => {
    const { weights } = fitLeastSquares(x, y, 1e-6)
    const wanted = [4, 2, -1, 0, 0, 0, 0.5]
    for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(wanted[i]!, 4)
  })

  test('predicts by them', () => {
    const model = fitLeastSquares(x, y, 1e-6)
    expect(predictLinear(model, [1, 1, 2])).toBeCloseTo(7, 3)
  })
})

describe('gradient-boosted trees', () => {
  const targetOf = (row: Float64Array) => (row[0]! > 0.3 ? 10 : 0) + 3 * Math.abs(row[1]!) + row[2]! * row[3]!
  const of = (x: Matrix) => Float64Array.from({ length: x.rows }, (_, i) => targetOf(rowOf(x, i)))
  const x = drawn(4_000, 6)
  const y = of(x)

  test('learn steps, bends and products, and hold on rows that they did not see', () => {
    const model = fitTrees(x, y)
    const fresh = drawn(1_000, 6)
    const spread = errorOf(() => 5.7, fresh, of(fresh))
    expect(errorOf(row => predictTrees(model, row), fresh, of(fresh))).toBeLessThan(0.25 * spread)
    const linear = fitLeastSquares(x, y)
    expect(errorOf(row => predictLinear(linear, row), fresh, of(fresh))).toBeGreaterThan(0.35 * spread)
  })

  test('are the same for the same seed, and others for another', () => {
    expect(fitTrees(x, y, { trees: 5 })).toEqual(fitTrees(x, y, { trees: 5 }))
    expect(fitTrees(x, y, { trees: 5, seed: 2 })).not.toEqual(fitTrees(x, y, { trees: 5 }))
  })

  test('of constant targets say that constant', () => {
    const model = fitTrees(x, new Float64Array(4_000).fill(3))
    expect(predictTrees(model, rowOf(x, 0))).toBeCloseTo(3, 9)
  })

  test('never split so that a leaf has too few rows', () => {
    const { trees } = fitTrees(drawn(60, 2), new Float64Array(60), { rows: 1, leaf: 40 })
    expect(trees.every(({ feature }) => feature[0] === -1)).toBe(true)
  })
})

test('bins hold about equal counts, and a value in its bin is not above its edge', () => {
  const x = drawn(2_000, 1)
  const { codes, edges } = binned(x)
  for (let i = 0; i < 2_000; i++) {
    const code = codes[0]![i]!
    if (code < edges[0]!.length) expect(x.data[i]).toBeLessThanOrEqual(edges[0]![code]!)
    if (code > 0) expect(x.data[i]).toBeGreaterThan(edges[0]![code - 1]!)
  }
  expect(binOf(edges[0]!, 1e9)).toBe(edges[0]!.length)
})

describe('regimes', () => {
  const around = (...centres: number[][]) =>
    centres.flatMap(centre =>
      Array.from({ length: 60 }, () => centre.map(value => value + 0.001 * random.gaussian())),
    )

  test('are found where the settings fall into clusters', () => {
    const wanted = [
      [0, 0],
      [0.25, 1],
      [0.5, 0],
      [0.9, 1],
      [1, 1],
      [1, 0],
    ]
    const centres = regimeCentres(around(...wanted))
    expect(centres).toHaveLength(6)
    for (const point of wanted) expect(nearestCentre(centres, point).distance).toBeLessThan(0.01)
  })

  test('are one where the settings do not, or where there are none', () => {
    expect(regimeCentres(Array.from({ length: 300 }, () => [random.uniform()]))).toHaveLength(1)
    expect(regimeCentres([[], []])).toEqual([{ centre: [] }])
  })
})

describe('intervals', () => {
  const unseen = Array.from({ length: 4_000 }, (_, i) => {
    const truth = 100 * random.uniform()
    return {
      unit: i % 40,
      truth,
      predicted: Math.min(100, Math.max(0, truth + (truth / 10) * random.gaussian())),
    }
  })

  test('cover as much as they are to, and are narrow where errors are small', () => {
    expect(coverageOf(unseen, 0.9, 100)).toBeGreaterThan(0.86)
    expect(coverageOf(unseen, 0.9, 100)).toBeLessThan(0.94)
    const interval = fitInterval(unseen, 0.9)
    const width = (at: number) => intervalOf(interval, at, 100)[1] - intervalOf(interval, at, 100)[0]
    expect(width(10)).toBeLessThan(0.5 * width(80))
  })

  test('stay within 0 and the cap, around the prediction', () => {
    const interval = { level: 0.9, edges: [50], low: [-20, 5], high: [-5, 80] }
    expect(intervalOf(interval, 10, 100)).toEqual([0, 10])
    expect(intervalOf(interval, 60, 100)).toEqual([60, 100])
  })
})

test('scores are those of their definitions', () => {
  const pairs = [
    { predicted: 13, truth: 10 },
    { predicted: 6, truth: 10 },
  ]
  expect(rmse(pairs)).toBeCloseTo(Math.sqrt(12.5))
  expect(phm08(pairs)).toBeCloseTo(Math.exp(0.3) + Math.exp(4 / 13) - 2)
})
