import type { Matrix } from './matrix.ts'

/** Features as bins of about equal counts: a value is in bin b when it is not above edge b, and above the one before. */
export type Binned = { readonly codes: readonly Uint8Array[]; readonly edges: readonly Float64Array[] }

const most = 128
/** Quantiles of so many rows are near enough to those of all. */
const looked = 20_000

export function binned(features: Matrix): Binned {
  const columns = Array.from({ length: features.columns }, (_, column) => column)
  const edges = columns.map(column => edgesOf(features, column))
  return { edges, codes: columns.map(column => codesOf(features, column, edges[column]!)) }
}

function edgesOf({ rows, columns, data }: Matrix, column: number): Float64Array {
  const stride = Math.max(1, Math.floor(rows / looked))
  const values = new Float64Array(Math.ceil(rows / stride))
  for (let i = 0; i < values.length; i++) values[i] = data[i * stride * columns + column]!
  values.sort()
  const edges: number[] = []
  for (let bin = 1; bin < most; bin++) {
    const edge = values[Math.floor((bin * values.length) / most)]!
    if (edge < values[values.length - 1]! && (edges.length === 0 || edge > edges[edges.length - 1]!))
      edges.push(edge)
  }
  return Float64Array.from(edges)
}

function codesOf({ rows, columns, data }: Matrix, column: number, edges: Float64Array): Uint8Array {
  const codes = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) codes[row] = binOf(edges, data[row * columns + column]!)
  return codes
}

/** The first edge that the value is not above; as many as there are edges when it is above all. */
export function binOf(edges: ArrayLike<number>, value: number): number {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value <= edges[middle]!) high = middle
    else low = middle + 1
  }
  return low
}
