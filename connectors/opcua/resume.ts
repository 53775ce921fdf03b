/** So many items from `from` on share what was said about them. */
export type Range = readonly [from: number, count: number, value: number]

/** What is kept of one subscription for whoever comes next. Indexes are those of its items. */
export type Kept = {
  readonly id: number
  /** Names the items and what was asked for them; only a subscription to the very same is taken over. */
  readonly key: string
  /** Last sequence number handled; 0 before the first. */
  readonly seq: number
  /** Sampling intervals as the server revised them, ms. */
  readonly revised: readonly Range[]
  /** Items that the server refused, with its status code. */
  readonly refused: readonly Range[]
}

/** What one session leaves to the next, of this service or of its successor: text of at most some kilobytes. */
export type Resume = {
  readonly v: 1
  /** When it was written, ms since 1970. */
  readonly at: number
  readonly subscriptions: readonly Kept[]
}

/** Longer lists are no runs, and not worth to be stored with every batch. */
const mostRanges = 200

/** Equal values of neighbours as ranges; items that `of` has no value for are left out. Undefined when there are too many. */
export function rangesOf<T>(
  items: readonly T[],
  of: (item: T) => number | undefined,
): readonly Range[] | undefined {
  const ranges: [number, number, number][] = []
  for (const [i, item] of items.entries()) {
    const value = of(item)
    if (value === undefined) continue
    const before = ranges.at(-1)
    if (before && before[0] + before[1] === i && before[2] === value) before[1]++
    else ranges.push([i, 1, value])
  }
  return ranges.length > mostRanges ? undefined : ranges
}

/** The value of each index that is in a range. */
export function spread(ranges: readonly Range[]): ReadonlyMap<number, number> {
  const values = new Map<number, number>()
  for (const [from, count, value] of ranges) for (let i = 0; i < count; i++) values.set(from + i, value)
  return values
}

/** What the last session left; nothing where it left nothing that this version understands. */
export function parseResume(text: string | undefined): Resume | undefined {
  if (text === undefined) return undefined
  try {
    const resume = JSON.parse(text) as Resume
    return resume.v === 1 && Array.isArray(resume.subscriptions) ? resume : undefined
  } catch {
    return undefined // of another connector or version: as if there were none
  }
}
