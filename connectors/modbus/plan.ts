/**
 * Which registers and bits to ask for in which request, so that few requests bring every wanted range.
 *
 *   range   what one tag takes
 *   block   one request: one or more ranges of one area and unit, close to each other
 */
import { type Area, isBits } from './address.ts'

export type Range = {
  readonly unitId: number
  readonly area: Area
  readonly start: number
  /** Registers, or bits. */
  readonly length: number
}
/** `ranges` are indices into the planned ranges, by their first address. */
export type Block = Range & { readonly ranges: readonly number[] }

export type Limits = {
  readonly gapRegisters: number
  readonly gapBits: number
  readonly maxRegisters: number
  readonly maxBits: number
}

/**
 * Pure: the same ranges give the same plan, and every range is in exactly one block. `cuts` are ranges that begin a
 * block of their own, because a block reaching over them was refused.
 */
export function plan(
  ranges: readonly Range[],
  limits: Limits,
  cuts: ReadonlySet<number> = new Set(),
): Block[] {
  const blocks: Block[] = []
  for (const index of inOrder(ranges)) {
    const last = blocks.at(-1)
    const joined = last && !cuts.has(index) ? join(last, ranges[index]!, index, limits) : undefined
    if (joined) blocks[blocks.length - 1] = joined
    else blocks.push({ ...ranges[index]!, ranges: [index] })
  }
  return blocks
}

/** The block that brings these ranges, which one block can bring. */
export function blockOf(ranges: readonly Range[], indices: readonly number[]): Block {
  const first = ranges[indices[0]!]!
  const end = Math.max(...indices.map(index => ranges[index]!.start + ranges[index]!.length))
  return { ...first, length: end - first.start, ranges: indices }
}

function inOrder(ranges: readonly Range[]): number[] {
  const key = ({ unitId, area }: Range) => `${String(unitId).padStart(3, '0')} ${area}`
  const compare = (a: Range, b: Range) =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.start - b.start || a.length - b.length
  return ranges.map((_, i) => i).sort((i, j) => compare(ranges[i]!, ranges[j]!) || i - j)
}

/** The block with the range in it, undefined where they are too far apart or too much for one request. */
function join(block: Block, range: Range, index: number, limits: Limits): Block | undefined {
  if (block.unitId !== range.unitId || block.area !== range.area) return undefined
  const [gap, most] = isBits(range.area)
    ? [limits.gapBits, limits.maxBits]
    : [limits.gapRegisters, limits.maxRegisters]
  const end = block.start + block.length
  const length = Math.max(end, range.start + range.length) - block.start
  if (range.start > end + gap || length > most) return undefined
  return { ...block, length, ranges: [...block.ranges, index] }
}
