/**
 * The partition of everything that belongs to a line (`site/area/line`). It is Kafka's own default partitioner over the
 * line's name, so that a program in any language finds a line's partition with the function it has at hand.
 */
export function partitionOf(line: string, partitions: number): number {
  return (murmur2(Buffer.from(line)) & 0x7fffffff) % partitions
}

/** MurmurHash2 with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2); a signed 32 bit integer. */
export function murmur2(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const multiplier = 0x5bd1e995
  const tail = data.length & ~3
  let hash = 0x9747b28c ^ data.length
  for (let at = 0; at < tail; at += 4) {
    let word = Math.imul(view.getInt32(at, true), multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  for (let at = data.length - 1; at >= tail; at--) hash ^= view.getUint8(at) << ((at - tail) * 8)
  if (tail < data.length) hash = Math.imul(hash, multiplier)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}
