import type { NotificationMessage, RepublishResponse } from 'node-opcua-client'
import { orAbort } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import { statusNameOf } from './errors.ts'
import { following } from './order.ts'
import type { Session } from './session.ts'
import type { Subscription } from './subscription.ts'

/** Handles one message, once and in its turn. `isKept`: one that the server had sent to a session before. */
export type Handle = (
  message: NotificationMessage,
  subscription: Subscription,
  isKept: boolean,
) => Promise<void>

/**
 * Handles a message in the order of the server's numbers: what was handled before is dropped, and what is missing
 * before it is asked for first (Republish, OPC 10000-4, 5.14.6). What the server no longer has is reported lost.
 * Resolves with the numbers that were asked for, to be acknowledged.
 */
export async function inOrder(
  session: Session,
  message: NotificationMessage,
  subscription: Subscription,
  handle: Handle,
  report: Report,
): Promise<number[]> {
  const { order } = subscription
  const { sequenceNumber, notificationData } = message
  const isKeepAlive = !notificationData?.length
  const place = order.place(sequenceNumber, isKeepAlive)
  if (place === 'old') return []
  const asked: number[] = []
  if (place !== 'next') {
    if (place.beyond > 0) report.lost(undefined, 'outage', 'unknown')
    for (const number of place.missing) {
      const missed = await republish(session, subscription.id, number)
      if (missed) {
        asked.push(number)
        await handle(missed, subscription, true)
      } else if (number !== subscription.transferNumber) report.lost(undefined, 'outage', 'unknown')
      order.took(number)
    }
    if (isKeepAlive) return asked
  }
  await handle(message, subscription, false)
  order.took(sequenceNumber)
  return asked
}

/**
 * Handles what the server has kept of the session before, in order; what that had handled is only to be acknowledged.
 * Resolves with all numbers.
 */
export async function recover(
  session: Session,
  subscription: Subscription,
  available: readonly number[],
  handle: Handle,
  report: Report,
): Promise<number[]> {
  const asKept: Handle = (message, of) => handle(message, of, true)
  const left = available.filter(number => subscription.order.place(number, false) !== 'old')
  const start = (subscription.order.handled ?? 0) + 1
  const inTurn = left.sort((a, b) => ((a - start) >>> 0) - ((b - start) >>> 0))
  for (const number of inTurn) {
    const message = await republish(session, subscription.id, number)
    if (message) await inOrder(session, message, subscription, asKept, report)
  }
  subscription.transferNumber = following(subscription.order.handled ?? 0)
  return [...available]
}

/** A message that the server still has; undefined when it has it no longer. */
async function republish(
  { stack, ua, lost }: Session,
  subscriptionId: number,
  retransmitSequenceNumber: number,
): Promise<NotificationMessage | undefined> {
  const request = new stack.RepublishRequest({ subscriptionId, retransmitSequenceNumber })
  const { promise, resolve, reject } = Promise.withResolvers<RepublishResponse | undefined>()
  ua.republish(request, (error, response) => {
    if (error && statusNameOf(error) !== 'BadMessageNotAvailable') reject(error)
    else resolve(response)
  })
  return (await orAbort(promise, lost))?.notificationMessage
}
