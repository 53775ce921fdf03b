/** What is thinned out when a broker's disk fills up: pure, so that every choice can be tested without a disk. */

export type Disk = {
  readonly broker: number
  readonly totalBytes: number
  readonly freeBytes: number
  /** Size on this disk of each partition that may be thinned out. */
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly bytes: number
  }[]
}

/** The offsets that a partition holds: from the first one to before the other. */
export type Extent = {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

export type Watermarks = {
  /** Above this share in use, topics are thinned out, */
  readonly highShare: number
  /** until no more than this one is. */
  readonly lowShare: number
  /** The end of a partition that Kafka cannot remove: the segment being written. */
  readonly segmentBytes: number
}

export const usedShare = ({ totalBytes, freeBytes }: Disk): number =>
  totalBytes > 0 ? 1 - freeBytes / totalBytes : 0

/**
 * The oldest records of the first topics of `order` whose removal brings every disk below its low watermark: of one
 * topic the same share from each partition, and nothing of the next while that is enough.
 * @param order names of topics, what is thinned out first in front
 */
export function planShedding(
  disks: readonly Disk[],
  extents: readonly Extent[],
  order: readonly string[],
  watermarks: Watermarks,
): Extent[] {
  const furthest = new Map<Extent, bigint>()
  for (const disk of disks.filter(disk => usedShare(disk) > watermarks.highShare)) {
    for (const [extent, to] of planOf(disk, extents, order, watermarks)) {
      const before = furthest.get(extent) ?? extent.from
      if (to > before) furthest.set(extent, to)
    }
  }
  return Array.from(furthest, ([extent, to]) => ({ ...extent, to }))
}

function* planOf(
  disk: Disk,
  extents: readonly Extent[],
  order: readonly string[],
  { lowShare, segmentBytes }: Watermarks,
): Generator<[Extent, bigint]> {
  let need = disk.totalBytes * (1 - lowShare) - disk.freeBytes
  for (const topic of order) {
    if (need <= 0) return
    const held = disk.partitions.filter(of => of.topic === topic && of.bytes > segmentBytes)
    const removable = held.reduce((sum, { bytes }) => sum + bytes - segmentBytes, 0)
    const share = removable > 0 ? Math.min(1, need / removable) : 0
    for (const { partition, bytes } of held) {
      const extent = extents.find(of => of.topic === topic && of.partition === partition)
      if (extent) yield [extent, cutOf(extent, ((bytes - segmentBytes) * share) / bytes)]
    }
    need -= removable * share
  }
}

/** Records of a partition are taken to be of one size. */
function cutOf({ from, to }: Extent, share: number): bigint {
  return from + BigInt(Math.ceil(Number(to - from) * share))
}
