import { setTimeout as sleep } from 'node:timers/promises'
import { orAbort } from '../../model/index.ts'

/** Waits for `work` at most so long; resolves either way. For leaving, where nothing can be done about a failure. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  const late = AbortSignal.any([AbortSignal.timeout(ms), timer.signal])
  await orAbort(work, late).catch(() => {})
  timer.abort()
}

/** Resolves at a time of performance.now(), or rejects with the signal's reason. */
export async function untilOrAborted(at: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const ms = at - performance.now()
  if (ms > 0) await orAbort(sleep(ms, undefined, { signal }), signal)
}
