/**
 * The candidate that a person most likely meant by `written`, or undefined when none is near: at most a third of the
 * letters differ, upper and lower case and `-`, `_` not counted. The first of equals wins.
 */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length > maximumLength) return undefined
  const plain = plainLetters(written)
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of candidates) {
    const other = plainLetters(candidate)
    const allowed = Math.floor(Math.max(plain.length, other.length) / 3)
    if (Math.abs(plain.length - other.length) > allowed) continue
    const distance = editDistance(plain, other)
    if (distance <= allowed && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { candidate, distance }
    }
  }
  return best?.candidate
}

/** Nobody mistypes a longer name; bounds the work on hostile input. */
const maximumLength = 100

function plainLetters(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, substituted)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
