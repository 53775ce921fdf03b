/** Waiting under an AbortSignal, as every part that talks to something remote does it. */

/** Resolves once the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Aborts so long after the other. */
export function abortedAfter(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController()
  void aborted(signal).then(() => setTimeout(() => late.abort(), ms).unref())
  return late.signal
}

/**
 * Waits for `work` or for the signal, whichever comes first. Work that loses goes on unobserved: whoever aborts has
 * to take its ground away (close the socket).
 */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {})
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * Runs all that `start` gives until `signal` aborts; when one rejects, ends the others, and rejects with its reason once
 * they have settled. `start` gets the signal that ends them.
 */
export async function untilOneFails(
  signal: AbortSignal,
  start: (ending: AbortSignal) => readonly Promise<void>[],
): Promise<void> {
  const end = new AbortController()
  const running = start(AbortSignal.any([signal, end.signal]))
  try {
    await Promise.all(running)
  } finally {
    end.abort()
    await Promise.allSettled(running)
  }
}
