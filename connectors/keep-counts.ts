import { coded, type MillraceError } from '../model/index.ts'
import type { Account } from './account.ts'
import type { DiskBuffer } from './buffer/buffer.ts'

const withinMs = 200

/**
 * Stores counts that change without a sample (losses, expected samples) within a bounded time: what was told of a loss
 * is on disk then, whatever kills the process. Gives what stores the last of them and ends it.
 */
export function keepCounts(
  account: Account,
  buffer: DiskBuffer,
  onTrouble: (error: MillraceError) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined
  const store = () => {
    timer = undefined
    const unstored = account.unstored()
    if (!unstored) return
    try {
      buffer.keepAccount(unstored.json)
      unstored.kept()
    } catch (thrown) {
      onTrouble(coded(thrown, 'disk', 'the counts of losses are not stored', { transient: true }))
      later()
    }
  }
  const later = () => {
    timer ??= setTimeout(store, withinMs)
  }
  account.onCount(later)
  return () => {
    account.onCount(() => {})
    store()
    clearTimeout(timer)
  }
}
