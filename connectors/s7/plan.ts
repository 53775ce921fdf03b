/**
 * The block plan: which bytes to ask for in which request, so that few requests bring every wanted range.
 *
 *   range    bytes that are wanted together: a tag, or tags that must come from one copy of the device's memory
 *   block    one item of a request: one or more ranges close to each other, or a piece of one too big for an item
 *   request  at most 20 blocks that fit into the PDU, both ways
 *
 * Arithmetic (with TPKT and COTP, 7 bytes that the PDU does not count): a request of n items is 19 + 12 n bytes, its
 * answer 21 + the sum of 4 + the item's size rounded up to even.
 */
import { ways } from './packing.ts'
import { type Area, areaCode, elementCode, type Item } from './protocol.ts'

export type Range = {
  readonly area: Area
  readonly db: number
  readonly start: number
  readonly length: number
  /** No block with this range in it is longer: what the device copies at once. */
  readonly mostBytes?: number
}
/** `ranges` are indices into the planned ranges, by their first byte. */
export type Block = Range & { readonly ranges: readonly number[] }
export type Request = readonly Block[]

export type Limits = {
  /** Negotiated PDU length, from the S7 header on. */
  readonly pduLength: number
  /** Ranges this near are read in one block, with the bytes between them. */
  readonly gapBytes: number
}

export const framing = 7
export const requestBytes = (items: number): number => 19 + 12 * items
export const answerBytes = (sizes: readonly number[]): number =>
  sizes.reduce((sum, size) => sum + itemBytes(size), 21)
export const itemBytes = (size: number): number => 4 + size + (size % 2)

/** Most bytes that one item can bring; even. */
export function maxBlockBytes(pduLength: number): number {
  const bytes = pduLength + framing - answerBytes([0])
  return bytes - (bytes % 2)
}

/**
 * Pure: the same ranges give the same plan. Every byte of every range is in exactly one block of that range, or in
 * pieces that follow each other. `cuts` are ranges that begin a block of their own, because a block reaching over
 * them was refused.
 *
 * Of several ways the one with the fewest requests, then with the fewest items: all gaps read along; only those that
 * cost less than an item; in the order of addresses, blocks cut where a request is full and gaps read along where
 * items run out; and of few ranges every way, of some the longest first, each where it fits.
 */
export function plan(
  ranges: readonly Range[],
  limits: Limits,
  cuts: ReadonlySet<number> = new Set(),
): Request[] {
  const items = (way: readonly Request[]) => way.reduce((sum, request) => sum + request.length, 0)
  const best = ways(ranges, limits, cuts).reduce((best, way) => {
    const fewer = way.length - best.length || items(way) - items(best)
    return fewer < 0 ? way : best
  })
  return best.map(request => request.toSorted((a, b) => a.ranges[0]! - b.ranges[0]!))
}

/** The item of a request that asks for a block. */
export function itemOf({ area, db, start, length }: Range): Item {
  if (area === 'T' || area === 'C') {
    const element = area === 'T' ? elementCode.timer : elementCode.counter
    return { element, count: length / 2, db, area: areaCode[area], address: start / 2 }
  }
  return { element: elementCode.byte, count: length, db, area: areaCode[area], address: start * 8 }
}
