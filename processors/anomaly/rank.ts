/**
 * How rare a number is among those before it: a histogram over octaves, four bins each, 16 octaves wide below the
 * greatest. Counts are halved when there are `memory` of them, so that what was long ago counts less.
 */
export type Rank = {
  /** Bin of `counts[0]`, the greatest seen; the next ones are below it, the last holds all that are less. */
  top: number
  n: number
  counts: number[]
}

const binsPerOctave = 4
const width = 64
const lowest = -200

export function newRank(): Rank {
  return { top: lowest, n: 0, counts: [] }
}

/**
 * -log10 of the share of numbers before that were as great; 0 at the median and below. What is greater than all is
 * taken for a quarter as likely with every octave above them: a tail that a machine's signals do not exceed in practice.
 */
export function rarity(rank: Rank, strangeness: number): number {
  const above = rank.top - binOf(strangeness)
  const { counts } = rank
  let as = 0
  for (let i = 0; i < above && i < counts.length; i++) as += counts[i]!
  if (above >= 0) as += (counts[Math.min(above, width - 1)] ?? 0) / 2
  const share = Math.min(0.5, (as + 0.5) / (rank.n + 1))
  const octavesBeyond = above < 0 && rank.n > 0 ? Math.min(6, -above / binsPerOctave) : 0
  return -Math.log10(2 * share) + octavesBeyond * Math.log10(4)
}

export function remember(rank: Rank, strangeness: number, memory: number): void {
  const bin = binOf(strangeness)
  if (bin > rank.top) raiseTop(rank, bin)
  const at = Math.min(rank.top - bin, width - 1)
  while (rank.counts.length <= at) rank.counts.push(0)
  rank.counts[at]!++
  if (++rank.n >= memory) halve(rank)
}

function raiseTop(rank: Rank, top: number): void {
  const shift = rank.n === 0 ? 0 : Math.min(top - rank.top, width)
  const all = [...new Array<number>(shift).fill(0), ...rank.counts]
  const rest = all.splice(width)
  if (rest.length > 0) all[width - 1]! += rest.reduce((sum, count) => sum + count, 0)
  Object.assign(rank, { top, counts: all })
}

/** Rounds down, so that what was seen once is forgotten; the greatest that is left is the new top. */
function halve(rank: Rank): void {
  const halved = rank.counts.map(count => count >> 1)
  const first = Math.max(
    0,
    halved.findIndex(count => count > 0),
  )
  rank.counts = halved.slice(first)
  rank.top -= first
  rank.n = rank.counts.reduce((sum, count) => sum + count, 0)
}

function binOf(strangeness: number): number {
  return strangeness > 0 ? Math.max(lowest, Math.round(Math.log2(strangeness) * binsPerOctave)) : lowest
}
