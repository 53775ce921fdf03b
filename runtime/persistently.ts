import { setTimeout as sleep } from 'node:timers/promises'
import type { MillraceError } from '../model/index.ts'

type Trying = {
  /** Gives a code to what was thrown. */
  readonly failure: (thrown: unknown) => MillraceError
  readonly onTrouble: (error: MillraceError) => void
}

/** Tries again after every transient error, until it is done or the signal aborts: then undefined. */
export async function persistently<T>(
  { failure, onTrouble }: Trying,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await attempt()
    } catch (thrown) {
      const error = failure(thrown)
      if (signal.aborted) return undefined
      if (!error.transient) throw error
      onTrouble(error)
      await sleep(200, undefined, { signal }).catch(() => {})
    }
  }
  return undefined
}
