import type { ShedEntry } from '../model/index.ts'
import type { ShedStatus } from './status.ts'
import { iso } from './time.ts'

/** One entry a topic: the sum over its partitions, and the latest reason. */
export function shedStatus(entries: readonly ShedEntry[]): ShedStatus[] {
  return [...Map.groupBy(entries, ({ topic }) => topic)].map(([topic, of]) => {
    const latest = of.reduce((a, b) => (b.at > a.at ? b : a))
    const offsets = of.reduce((sum, entry) => sum + entry.offsets, 0)
    return { topic, offsets, at: iso(latest.at), reason: latest.reason }
  })
}
