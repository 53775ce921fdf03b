import type { TransferSubscriptionsResponse } from 'node-opcua-client'
import type { Report } from '../contract.ts'
import { statusNameOf } from './errors.ts'
import { countsOf } from './intervals.ts'
import type { Group } from './plan.ts'
import { samplingOf } from './points.ts'
import { type Kept, type Resume, spread } from './resume.ts'
import type { Session } from './session.ts'
import { Subscription } from './subscription.ts'

/** A subscription of the last session that is ours now. */
export type Taken = {
  readonly subscription: Subscription
  /** Messages that the server keeps because nobody has acknowledged them. */
  readonly available: readonly number[]
}

/**
 * Whether a subscription can be taken over at all. Small servers do not know the service; and without security nobody
 * can tell that it is us again (OPC 10000-4, 5.14.7.1).
 */
export async function canTransfer({ ua, options }: Session): Promise<boolean> {
  if (options.securityMode === 'None') return false
  try {
    await ua.transferSubscriptions({ subscriptionIds: [], sendInitialValues: false })
    return true
  } catch (thrown) {
    return statusNameOf(thrown) === 'BadNothingToDo'
  }
}

/**
 * Takes over what the last session left (OPC 10000-4, 5.14.7), for those groups that ask for the same. What is of no
 * use any more is deleted, so that its items count no longer against the server's limits.
 */
export async function takeOver(
  session: Session,
  groups: readonly Group[],
  resume: Resume,
): Promise<ReadonlyMap<Group, Taken>> {
  const taken = new Map<Group, Taken>()
  const left = [...resume.subscriptions]
  if (left.length === 0) return taken
  const subscriptionIds = left.map(({ id }) => id)
  const transferring: unknown = session.ua.transferSubscriptions({
    subscriptionIds,
    sendInitialValues: false,
  })
  const { results } = await (transferring as Promise<TransferSubscriptionsResponse>)
  const useless: number[] = []
  for (const [i, kept] of left.entries()) {
    const result = results?.[i]
    if (!result || result.statusCode.isNotGood()) continue
    const group = groups.find(({ key }) => key === kept.key)
    const subscription = group && !taken.has(group) && (await adopted(session, group, kept))
    if (subscription) taken.set(group, { subscription, available: result.availableSequenceNumbers ?? [] })
    else useless.push(kept.id)
  }
  if (useless.length > 0) await session.ua.deleteSubscriptions({ subscriptionIds: useless })
  return taken
}

/** Asks for the same intervals again, to learn what the server makes of them; nothing else changes. */
async function adopted(session: Session, group: Group, kept: Kept): Promise<Subscription | undefined> {
  const { keepAlive, lifetime } = countsOf(session.options)
  const revised = await session.ua
    .modifySubscription({
      subscriptionId: kept.id,
      requestedPublishingInterval: session.options.publishingIntervalMs,
      requestedMaxKeepAliveCount: keepAlive,
      requestedLifetimeCount: lifetime,
      maxNotificationsPerPublish: group.perPublish,
      priority: 0,
    })
    .catch(() => undefined)
  if (!revised) return undefined
  const publishingMs = revised.revisedPublishingInterval
  const made = { id: kept.id, publishingMs, keepAliveMs: publishingMs * revised.revisedMaxKeepAliveCount }
  const subscription = new Subscription(made, kept.seq)
  const revisedMs = spread(kept.revised)
  const refused = spread(kept.refused)
  for (const [i, item] of group.byHandle.entries()) {
    const code = refused.get(i)
    const ms = revisedMs.get(i)
    if (code !== undefined) subscription.refused.set(item.handle, code)
    else subscription.items.set(item.handle, ms === undefined ? item : { ...item, revisedMs: ms })
  }
  return subscription
}

/** Tells again what the server made of the items, which is forgotten with every session. */
export function retell({ items }: Subscription, session: Session, report: Report): void {
  for (const { tag, address, watching, revisedMs } of items.values()) {
    if (watching !== 'model') report.tag(tag, undefined)
    if (revisedMs !== undefined) report.revised(tag, samplingOf(address, session.options), revisedMs)
  }
}
