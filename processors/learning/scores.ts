type Pair = { readonly predicted: number; readonly truth: number }

export function rmse(pairs: readonly Pair[]): number {
  return Math.sqrt(
    pairs.reduce((sum, { predicted, truth }) => sum + (predicted - truth) ** 2, 0) / pairs.length,
  )
}

/** The score of the PHM08 challenge (Saxena et al. 2008): late predictions cost more than early ones. */
export function phm08(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { predicted, truth }) => {
    const late = predicted - truth
    return sum + (late < 0 ? Math.exp(-late / 13) : Math.exp(late / 10)) - 1
  }, 0)
}
