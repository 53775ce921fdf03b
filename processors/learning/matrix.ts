/** Rows of numbers in one block, row after row: a million observations make a million numbers, not objects. */
export type Matrix = { readonly rows: number; readonly columns: number; readonly data: Float64Array }

export function matrix(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) }
}

/** A view, not a copy. */
export function rowOf({ columns, data }: Matrix, row: number): Float64Array {
  return data.subarray(row * columns, (row + 1) * columns)
}

export function pickRows(from: Matrix, rows: readonly number[]): Matrix {
  const picked = matrix(rows.length, from.columns)
  for (const [at, row] of rows.entries()) picked.data.set(rowOf(from, row), at * from.columns)
  return picked
}
