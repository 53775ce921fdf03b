import type { BlockReader } from './blocks.ts'
import type { Client } from './client.ts'
import { type Bracketed, isTorn, type Scanned } from './sampler.ts'

/** Times that a scan is tried because a stamp changed under it. */
const attempts = 3

/**
 * Reads all ranges once, and the stamps that do not lie beside their tags before and after: only when both readings of
 * a stamp are the same are the values between them of that time. A scan that a change runs into is read again.
 */
export async function scan(client: Client, ranges: BlockReader, stamps: BlockReader): Promise<Scanned> {
  if (stamps.isEmpty) return { outcomes: await ranges.read(client), bracket: [] }
  let before = await stamps.read(client)
  for (let attempt = 1; ; attempt++) {
    const outcomes = await ranges.read(client)
    const after = await stamps.read(client)
    const bracket: Bracketed[] = after.map((outcome, i) => ({ before: before[i]!, after: outcome }))
    if (attempt === attempts || !bracket.some(isTorn)) return { outcomes, bracket }
    before = after
  }
}
