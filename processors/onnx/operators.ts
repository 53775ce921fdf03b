import { MillraceError } from '../../model/index.ts'
import { type Node, numbersOf, type Tensor } from './graph.ts'
import { treeEnsemble } from './tree-ensemble.ts'

/** A tensor of one row; constants keep their shape. */
export type Operator = (inputs: readonly Tensor[], node: Node) => ArrayLike<number>

const numberOf = (node: Node, name: string, otherwise: number): number =>
  numbersOf(node, name)[0] ?? otherwise

const each =
  (compute: (x: number) => number): Operator =>
  ([x]) =>
    Float64Array.from(x!.data, compute)

/** With a single number for all of the other. */
const pairwise =
  (compute: (a: number, b: number) => number): Operator =>
  ([a, b]) => {
    const size = Math.max(a!.data.length, b!.data.length)
    const at = ({ data }: Tensor, i: number) => data[data.length === 1 ? 0 : i]!
    return Float64Array.from({ length: size }, (_, i) => compute(at(a!, i), at(b!, i)))
  }

const same: Operator = ([x]) => x!.data

/** A row times a matrix of `dims` [rows, columns], or the other way round where it is transposed. */
function product(row: ArrayLike<number>, { dims, data }: Tensor, transposed = false): Float64Array {
  const [rows, columns] = [dims[0]!, dims[1] ?? 1]
  const [inner, outer] = transposed ? [columns, rows] : [rows, columns]
  if (row.length !== inner)
    throw new MillraceError('bad-payload', `a matrix of the ONNX model has ${inner} rows, not ${row.length}`)
  return Float64Array.from({ length: outer }, (_, j) => {
    let sum = 0
    for (let i = 0; i < inner; i++) sum += row[i]! * data[transposed ? j * inner + i : i * outer + j]!
    return sum
  })
}

const gemm: Operator = ([a, b, c], node) => {
  const alpha = numberOf(node, 'alpha', 1)
  const beta = numberOf(node, 'beta', 1)
  const transposed = numberOf(node, 'transB', 0) === 1
  return product(a!.data, b!, transposed).map((value, j) => {
    const added = c === undefined ? 0 : c.data[c.data.length === 1 ? 0 : j]!
    return alpha * value + beta * added
  })
}

const scaler: Operator = ([x], node) => {
  const offset = numbersOf(node, 'offset')
  const scale = numbersOf(node, 'scale')
  const of = (all: readonly number[], i: number) => all[all.length === 1 ? 0 : i]!
  return Float64Array.from(x!.data, (value, i) => (value - of(offset, i)) * of(scale, i))
}

const linearRegressor: Operator = ([x], node) => {
  const coefficients = numbersOf(node, 'coefficients')
  const targets = numberOf(node, 'targets', 1)
  const intercepts = numbersOf(node, 'intercepts')
  const weights = { dims: [targets, x!.data.length], data: coefficients }
  return product(x!.data, weights, true).map((value, i) => value + (intercepts[i] ?? 0))
}

const concat: Operator = inputs => Float64Array.from(inputs.flatMap(({ data }) => Array.from(data)))

/** By domain and name. What is not here is not served, and said so. */
export const operators: Readonly<Record<string, Operator>> = {
  Identity: same,
  Cast: same,
  Reshape: same,
  Flatten: same,
  Squeeze: same,
  Unsqueeze: same,
  Add: pairwise((a, b) => a + b),
  Sub: pairwise((a, b) => a - b),
  Mul: pairwise((a, b) => a * b),
  Div: pairwise((a, b) => a / b),
  Relu: each(x => Math.max(0, x)),
  Tanh: each(Math.tanh),
  Sigmoid: each(x => 1 / (1 + Math.exp(-x))),
  MatMul: ([a, b]) => product(a!.data, b!),
  Gemm: gemm,
  Concat: concat,
  'ai.onnx.ml:Scaler': scaler,
  'ai.onnx.ml:LinearRegressor': linearRegressor,
  'ai.onnx.ml:TreeEnsembleRegressor': treeEnsemble,
}

export const operatorName = ({ op, domain }: Node): string => (domain === '' ? op : `${domain}:${op}`)
