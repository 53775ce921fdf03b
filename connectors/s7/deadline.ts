import type { MillraceError } from '../../model/index.ts'

/** Runs `work` with a signal that aborts with the caller's, or with `late()` after so many milliseconds. */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  late: () => MillraceError,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(late()), ms)
  try {
    return await work(AbortSignal.any([signal, limit.signal]))
  } finally {
    clearTimeout(timer)
  }
}
