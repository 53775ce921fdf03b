import { setImmediate as turn } from 'node:timers/promises'
import type { InRecord } from '../kafka.ts'

/** Most bytes of values that one transaction takes in: what it gives has to be held until it is committed. */
const sliceBytes = 8 * 1024 * 1024
/** How long the process works on records without a look at anything else, its beats among them, ms. */
const unbrokenMs = 50

/** The records in their order, cut so that none but a single big one exceeds the bound. */
export function slicesOf(batch: readonly InRecord[], mostBytes = sliceBytes): InRecord[][] {
  const slices: InRecord[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const record of batch) {
    const size = record.value?.length ?? 0
    if (bytes + size > mostBytes) {
      slices.push([])
      bytes = 0
    }
    slices.at(-1)!.push(record)
    bytes += size
  }
  return slices
}

/** Maps one after the other and lets others have their turn. Ends early, with what there is, when aborted. */
export async function inTurns<T>(
  records: readonly InRecord[],
  signal: AbortSignal,
  step: (record: InRecord) => readonly T[],
): Promise<T[]> {
  const given: T[] = []
  let since = performance.now()
  for (const record of records) {
    given.push(...step(record))
    if (performance.now() - since < unbrokenMs) continue
    await turn()
    if (signal.aborted) break
    since = performance.now()
  }
  return given
}
