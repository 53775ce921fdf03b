import { coded, type MillraceError } from '../model/index.ts'
import type { Account } from './account.ts'
import type { DiskBuffer } from './buffer/buffer.ts'
import { recordsOf } from './buffer/records.ts'
import { inUnit } from './buffer/unit.ts'
import type { Emit } from './contract.ts'

/**
 * What a connector emits, on disk before it resolves; one after the other. While the buffer or its disk is full it
 * waits, which is the back-pressure to the device; an abort lets it go. Where senders keep what is refused, it rejects.
 */
export function storingEmit(
  account: Account,
  buffer: DiskBuffer,
  signal: AbortSignal,
  refuses = false,
): Emit {
  let turn: Promise<unknown> = Promise.resolve()
  return (samples, resume) => {
    if (samples.length === 0 && resume === undefined) return Promise.resolve()
    const scaled = samples.map(inUnit)
    const records = recordsOf(scaled)
    const attempt = () => {
      const { json, kept } = account.counting(scaled)
      buffer.append(records, Date.now() * 1000, json, resume)
      kept()
    }
    const stored = turn.then(() => untilStored(attempt, account, buffer, signal, refuses))
    turn = stored.catch(() => {})
    return stored
  }
}

async function untilStored(
  attempt: () => void,
  account: Account,
  buffer: DiskBuffer,
  signal: AbortSignal,
  refuses: boolean,
): Promise<void> {
  for (;;) {
    const refusal = refused(attempt)
    account.blocked(refusal)
    if (!refusal) return
    if (refuses) throw refusal
    if (refusal.transient) await buffer.waitForRoom(signal)
    if (refusal.transient && !signal.aborted) continue
    account.givenUp()
    throw refusal
  }
}

function refused(attempt: () => void): MillraceError | undefined {
  try {
    attempt()
    return undefined
  } catch (thrown) {
    return coded(thrown, 'internal', 'samples cannot be stored')
  }
}
