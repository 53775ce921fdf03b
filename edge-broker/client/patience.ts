import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/index.ts'
import { hasApiError, isRetriable, isUnsettled, kafkaError } from './errors.ts'

/** How long something may take, who may end it sooner, and what it is, for the error's text ("cannot <doing>: ..."). */
export type Patience = {
  readonly doing: string
  /** ms UTC */
  readonly until: number
  readonly signal?: AbortSignal | undefined
}

/** How long a topic may be unknown after its creation until every broker has heard of it, ms. */
export const newTopicMs = 3_000

export function patience(doing: string, timeoutMs: number, signal?: AbortSignal): Patience {
  return { doing, until: Date.now() + timeoutMs, signal }
}

/**
 * Settles as `work` does, or rejects once the time is up or the signal aborts. The work itself goes on: the caller
 * drops the client that does it.
 */
export async function within<T>({ doing, until, signal }: Patience, work: Promise<T>): Promise<T> {
  const ended = Promise.withResolvers<never>()
  const abort = () => ended.reject(aborted(doing))
  const timer = setTimeout(() => ended.reject(timeIsUp(doing)), until - Date.now())
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  try {
    return await Promise.race([work, ended.promise])
  } catch (thrown) {
    throw kafkaError(thrown, doing)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    work.catch(() => {}) // when it loses the race its error has no other reader
  }
}

/** Tries again, where trying the same again may help, until the time is up. @throws MillraceError the last error */
export async function persist<T>(patience: Patience, attempt: (n: number) => Promise<T>): Promise<T> {
  const patientFor = Date.now() + newTopicMs
  const mayBeNew = (thrown: unknown) =>
    hasApiError(thrown, 'UNKNOWN_TOPIC_OR_PARTITION') && Date.now() < patientFor
  for (let n = 0; ; n++) {
    if (patience.signal?.aborted) throw aborted(patience.doing)
    try {
      return await attempt(n)
    } catch (thrown) {
      const error = kafkaError(thrown, patience.doing)
      const pause = pauseMs(n + 1, thrown)
      const again = isRetriable(thrown) || mayBeNew(thrown)
      if (!again || Date.now() + pause > patience.until) throw error
      await sleep(pause, undefined, { signal: patience.signal }).catch(() => {})
    }
  }
}

/** One attempt only. */
export function once(patience: Patience): Patience {
  return { ...patience, until: 0 }
}

/** Waiting for a transaction's markers takes milliseconds, for a broker's failure seconds. */
export function pauseMs(attempt: number, thrown: unknown): number {
  return isUnsettled(thrown) ? Math.min(3 * attempt, 50) : Math.min(50 * attempt, 500)
}

function timeIsUp(doing: string): MillraceError {
  return new MillraceError('broker-unavailable', `cannot ${doing}: the time is up`, {
    transient: true,
    hint: 'See whether the brokers run and enough replicas are in sync',
  })
}

function aborted(doing: string): MillraceError {
  return new MillraceError('broker-unavailable', `cannot ${doing}: given up by the caller`, {
    transient: true,
  })
}
