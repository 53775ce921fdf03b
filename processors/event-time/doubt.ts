import type { Micros } from '../../model/index.ts'

/** A source's time has left its own line, all records since agreeing. */
export type Doubt = {
  toward: 'ahead' | 'back'
  /** When it was first seen, by receipt, and its source time then. */
  since: Micros
  from: Micros
  records: number
}

const settleRecords = 3
const settleMicros = 10_000_000

/**
 * Whether the new time is the clock's: it has lasted, and it runs as fast as time does. What was stored in a device and
 * is delivered at once runs faster; it is late data, and no clock was set.
 */
export function settles({ since, from, records }: Doubt, t: Micros, heard: Micros): boolean {
  const lasted = heard - since
  const ran = t - from
  return records >= settleRecords && lasted >= settleMicros && ran >= lasted / 2 && ran <= lasted * 2
}

/** What an offset that has fallen is believed after, and the most that one record says of it. */
const forgetMicros = 600_000_000
const mostOfOne = 0.1

/**
 * The offset of source time to receipt, after one more record: the least delayed record tells it best, so that it rises
 * at once and falls slowly (a one-way clock filter, as NTP's has a minimum of delays). What is later by a whole jump was
 * stored on its way, and says nothing of the clock.
 */
export function trusted(offset: Micros | null, seen: Micros, elapsed: Micros, jump: Micros): Micros {
  if (offset === null || seen >= offset) return seen
  if (offset - seen > jump) return offset
  const weight = Math.min(mostOfOne, Math.max(0, elapsed) / forgetMicros)
  return Math.round(offset + (seen - offset) * weight)
}
