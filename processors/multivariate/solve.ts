/** The solution of a symmetric positive definite system, by Cholesky's factors; at most 15 unknowns here. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const factor = cholesky(matrix)
  const n = right.length
  const x = [...right]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) x[i]! -= factor[i]![j]! * x[j]!
    x[i]! /= factor[i]![i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) x[i]! -= factor[j]![i]! * x[j]!
    x[i]! /= factor[i]![i]!
  }
  return x
}

function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const factor: number[][] = []
  for (let i = 0; i < matrix.length; i++) {
    const line: number[] = []
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!
      for (let k = 0; k < j; k++) sum -= line[k]! * (factor[j]?.[k] ?? line[k]!)
      line.push(j === i ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[j]![j]!)
    }
    factor.push(line)
  }
  return factor
}
