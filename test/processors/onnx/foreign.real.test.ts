/** ONNX out is judged by onnxruntime, ONNX in is made by scikit-learn and skl2onnx, and says what onnxruntime says. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fitLeastSquares } from '../../../processors/learning/least-squares.ts'
import { matrix, rowOf } from '../../../processors/learning/matrix.ts'
import { raw } from '../../../processors/learning/predict.ts'
import { fitTrees } from '../../../processors/learning/trees.ts'
import { encodeOnnx } from '../../../processors/onnx/encode.ts'
import { evaluateOnnx } from '../../../processors/onnx/evaluate.ts'
import { lack, python } from '../../needs.ts'
import { createRandom } from '../../simulator/random.ts'

const random = createRandom(9, 'onnx')
const count = 400
const columns = 5
const features = matrix(count, columns)
// Float32, as both sides see it: on a threshold the two precisions would differ.
for (const i of features.data.keys()) features.data[i] = Math.fround(random.gaussian())
const rows = Array.from({ length: count }, (_, i) => Array.from(rowOf(features, i)))
const targets = Float64Array.from(rows, ([a, b, c]) => 50 + 20 * Math.tanh(a!) + (b! > 0 ? 10 : 0) + c! ** 2)

const own = {
  trees: fitTrees(features, targets),
  'least-squares': fitLeastSquares(features, targets),
}

type Foreign = {
  judged: Record<string, number[]>
  made: Record<string, { onnx: string; says: number[] }>
}

function foreign(): Foreign {
  const models = Object.fromEntries(
    Object.entries(own).map(([name, parameters]) => [
      name,
      Buffer.from(encodeOnnx(parameters, columns)).toString('base64'),
    ]),
  )
  const input = JSON.stringify({ rows, targets: Array.from(targets), models })
  const script = join(import.meta.dirname, 'foreign.py')
  return JSON.parse(
    execFileSync(python, [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 }),
  ) as Foreign
}

/** The largest difference, in the unit of the targets, whose spread is some 17. */
const furthest = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

describe.skipIf(lack('python') !== undefined)('ONNX', () => {
  const answer = lack('python') === undefined ? foreign() : undefined

  test.each(Object.entries(own))('of our %s says in onnxruntime what it says here', (name, parameters) => {
    const here = rows.map(row => raw(parameters, row))
    expect(answer!.judged[name]).toHaveLength(count)
    expect(furthest(answer!.judged[name]!, here)).toBeLessThan(1e-3)
  })

  test.each(['boosted trees', 'forest', 'ridge', 'network'])(
    'of a scikit-learn %s says here what it says in onnxruntime',
    name => {
      const { onnx, says } = answer!.made[name]!
      const parameters = { kind: 'onnx', base64: onnx } as const
      expect(
        furthest(
          says,
          rows.map(row => evaluateOnnx(parameters, row)),
        ),
      ).toBeLessThan(1e-3)
    },
  )
})
