import { type Address, byteLength } from './address.ts'
import type { Range } from './plan.ts'
import type { Point, Stamp } from './points.ts'

/** Where a point's bytes are: in which of the ranges, and how far in. */
export type Place = { readonly range: number; readonly offset: number; readonly length: number }

/**
 * The ranges to read for some points. A point and its stamp are `together` in one range where they fit: one item that
 * the device copies at once. Where not, the stamp is among `bracket`, to be read before and after the others.
 */
export type Layout = {
  readonly ranges: readonly Range[]
  /** One a point, in their order. */
  readonly places: readonly Place[]
  readonly stamps: ReadonlyMap<Stamp, StampPlace>
  readonly bracket: readonly Range[]
}
export type StampPlace =
  | { readonly kind: 'together'; readonly place: Place }
  | { readonly kind: 'bracket'; readonly index: number }

/** Pure. `togetherBytes` is the most that one item may hold for its bytes to be of one moment. */
export function layOut(points: readonly Point[], togetherBytes: number): Layout {
  const ranges: Range[] = []
  const bracket: Range[] = []
  const stamps = new Map<Stamp, StampPlace>()
  const places: Place[] = new Array(points.length)
  const single = (index: number) => {
    const range = rangeOf(points[index]!.address)
    ranges.push(range)
    places[index] = { range: ranges.length - 1, offset: 0, length: range.length }
  }
  for (const [stamp, members] of groupsOf(points)) {
    const hull =
      stamp && hullOf([stamp.address, ...members.map(index => points[index]!.address)], togetherBytes)
    if (hull) {
      const place = ({ byte, ...rest }: Address): Place => ({
        range: ranges.length - 1,
        offset: byte - hull.start,
        length: byteLength({ byte, ...rest }),
      })
      ranges.push(hull)
      stamps.set(stamp, { kind: 'together', place: place(stamp.address) })
      for (const index of members) places[index] = place(points[index]!.address)
    } else {
      for (const index of members) single(index)
      if (stamp) stamps.set(stamp, { kind: 'bracket', index: bracket.push(rangeOf(stamp.address)) - 1 })
    }
  }
  return { ranges, places, stamps, bracket }
}

export function rangeOf(address: Address): Range {
  return { area: address.area, db: address.db, start: address.byte, length: byteLength(address) }
}

/** Indices of the points that share a stamp, and of those without one. */
function groupsOf(points: readonly Point[]): Map<Stamp | undefined, number[]> {
  return Map.groupBy(points.keys(), index => points[index]!.stamp)
}

/** The one range over all of them, undefined where they are in several areas or too far apart. */
function hullOf(addresses: readonly Address[], mostBytes: number): Range | undefined {
  const { area, db } = addresses[0]!
  if (addresses.some(address => address.area !== area || address.db !== db)) return undefined
  const start = Math.min(...addresses.map(({ byte }) => byte))
  const end = Math.max(...addresses.map(address => address.byte + byteLength(address)))
  return end - start <= mostBytes ? { area, db, start, length: end - start, mostBytes } : undefined
}
