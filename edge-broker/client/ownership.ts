import { describeTransactionsV0, endTxnV3 } from '@platformatic/kafka'
import { MillraceError } from '../../model/index.ts'
import { callCoordinator, contact, type Settings } from './connection.ts'
import { hasApiError } from './errors.ts'
import { once, type Patience, persist, within } from './patience.ts'
import { type MillraceProducer, newProducer } from './producing.ts'

/** What the transaction coordinator gave us: who holds a lower epoch is fenced. */
export type Ownership = {
  producerId: bigint
  producerEpoch: number
  /** Since when a transaction may be open at the coordinator, which aborts it after its timeout; ms, monotonic. */
  openSince: number | undefined
}

type Held = { readonly producer: MillraceProducer; readonly ownership: Ownership }

/** A task's id, and how to hold it. */
export type Holder = { readonly settings: Settings; readonly id: string }

/** Fences whoever holds the id and waits until the transaction it left, if any, is settled. */
export async function takeOver(holder: Holder, patience: Patience): Promise<Held> {
  return hold(holder, patience, { producerId: -1n, producerEpoch: -1 })
}

/**
 * Takes our own id back after an error, with a new producer: aborts what we left open, unless it was committed. Any
 * takeover by a successor in the meantime is noticed and stands. So a task that was cut off, or frozen, never fences
 * its successor.
 * @throws MillraceError `fenced` when there is a successor
 */
export async function takeBack(holder: Holder, patience: Patience, last: Ownership): Promise<Held> {
  const observer = newProducer(holder.settings)
  try {
    await contact(observer, patience)
    await persist(patience, () => settle(observer, holder, once(patience), last))
  } finally {
    await observer.close().catch(() => {})
  }
  return hold(holder, patience, last)
}

/** Our own id under a higher epoch, with a new producer. @throws MillraceError `fenced` when there is a successor */
export async function raise(holder: Holder, patience: Patience, last: Ownership): Promise<Held> {
  return hold(holder, patience, last)
}

/** Resolves once the marks of the last transaction are written. */
export async function untilSettled(
  producer: MillraceProducer,
  id: string,
  patience: Patience,
): Promise<void> {
  await persist(patience, async () => {
    const state = (await describe(producer, id, once(patience)))?.transactionState ?? ''
    if (/^Prepare/.test(state)) throw unsettled(id, state)
  })
}

/**
 * Releases the readers of what a failed commit left open. Not needed for exactly once: the next owner would do so, or
 * the coordinator once the transaction has timed out.
 */
export async function abandon(holder: Holder, patience: Patience, last: Ownership): Promise<void> {
  const client = newProducer(holder.settings)
  try {
    await within(patience, abort(client, holder.id, once(patience), last))
  } finally {
    await client.close().catch(() => {})
  }
}

async function hold(
  { settings, id }: Holder,
  patience: Patience,
  { producerId, producerEpoch }: Pick<Ownership, 'producerId' | 'producerEpoch'>,
): Promise<Held> {
  const producer = newProducer(settings, id)
  const begun = async () => {
    await contact(producer, patience)
    const transaction = await producer.beginTransaction({ producerId, producerEpoch })
    await transaction.cancel()
    return { producerId: producer.producerId!, producerEpoch: producer.producerEpoch!, openSince: undefined }
  }
  try {
    return { producer, ownership: await within(patience, begun()) }
  } catch (thrown) {
    await producer.close().catch(() => {})
    throw thrown
  }
}

/**
 * Looks at the transaction and aborts it if it is ours and open; `last` is then what to go on from. Throws a transient
 * error while it is being completed.
 */
async function settle(
  client: MillraceProducer,
  { id, settings }: Holder,
  patience: Patience,
  last: Ownership,
): Promise<void> {
  const found = await describe(client, id, patience)
  if (!found) return void Object.assign(last, { producerId: -1n, producerEpoch: -1 }) // unused for days: expired
  const { producerId, producerEpoch, transactionState: state } = found
  const ahead = producerEpoch - last.producerEpoch
  const timedOut = ahead === 1 && isOverdue(last, settings) && /Abort|EpochFence/.test(state)
  // An epoch ahead and nothing begun may be the answer to us that was lost: the coordinator can tell (KIP-360).
  const mayBeOurs = ahead === 0 || timedOut || (ahead === 1 && state === 'Empty')
  if (producerId !== last.producerId || !mayBeOurs) throw successor(id)
  if (timedOut) Object.assign(last, { producerEpoch, openSince: undefined })
  if (state === 'Ongoing') await abort(client, id, patience, last)
  if (state === 'Ongoing' || /^Prepare/.test(state)) throw unsettled(id, state)
}

/**
 * Only then can the coordinator have aborted it by itself. A successor aborts it, too, with the same traces; so does
 * one that reads its positions, in a transaction of its own.
 */
function isOverdue({ openSince }: Ownership, { transactionTimeoutMs }: Settings): boolean {
  return openSince !== undefined && performance.now() - openSince >= transactionTimeoutMs
}

async function abort(
  client: MillraceProducer,
  id: string,
  patience: Patience,
  { producerId, producerEpoch }: Ownership,
): Promise<void> {
  await callCoordinator(client, patience, coordinated(id), endTxnV3.api, id, producerId, producerEpoch, false)
}

async function describe(client: MillraceProducer, id: string, patience: Patience) {
  try {
    const found = await callCoordinator(client, patience, coordinated(id), describeTransactionsV0.api, [id])
    return found.transactionStates[0]
  } catch (thrown) {
    const cause = thrown instanceof MillraceError ? thrown.cause : thrown
    if (hasApiError(cause, 'TRANSACTIONAL_ID_NOT_FOUND')) return undefined
    throw thrown
  }
}

function coordinated(id: string) {
  return { type: 'TRANSACTION', key: id } as const
}

function successor(id: string): MillraceError {
  return new MillraceError('fenced', `${id} has been taken over by a successor`, { hint: 'Stop this one' })
}

function unsettled(id: string, state: string): MillraceError {
  return new MillraceError('broker-unavailable', `the transaction of ${id} is still ${state}`, {
    transient: true,
  })
}
