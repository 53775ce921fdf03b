import type { MonitoredItemCreateResult } from 'node-opcua-client'
import { type Sample, status } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import { deadbandError, tagError } from './errors.ts'
import { filterOf } from './filter.ts'
import { countsOf, monitoringOf, queueHolds } from './intervals.ts'
import { inParts, type Limits } from './limits.ts'
import type { Group, Item } from './plan.ts'
import type { Declared } from './points.ts'
import type { Session } from './session.ts'
import { Subscription } from './subscription.ts'

/** Makes a subscription; its items are still to be added. */
export async function createSubscription({ ua, options }: Session, group: Group): Promise<Subscription> {
  const { keepAlive, lifetime } = countsOf(options)
  const made = await ua.createSubscription({
    requestedPublishingInterval: options.publishingIntervalMs,
    requestedMaxKeepAliveCount: keepAlive,
    requestedLifetimeCount: lifetime,
    maxNotificationsPerPublish: group.perPublish,
    publishingEnabled: true,
    priority: 0,
  })
  return new Subscription({
    id: made.subscriptionId,
    publishingMs: made.revisedPublishingInterval,
    keepAliveMs: made.revisedPublishingInterval * made.revisedMaxKeepAliveCount,
  })
}

/** What adding items came to, besides the items. */
export type Added = {
  /** One bad sample for each tag that the server refuses, which is reported too. */
  readonly refused: Sample[]
  /** Values that the server has no items left for. */
  readonly beyond: Declared[]
}

/** Adds items to a subscription, as many in a call as the server takes. */
export async function addItems(
  session: Session,
  subscription: Subscription,
  items: readonly Item[],
  limits: Limits,
  report: Report,
): Promise<Added> {
  const added: Added = { refused: [], beyond: [] }
  for (const batch of inParts(items, limits.itemsPerCall)) {
    // Known before it is asked for: on a subscription that runs, a first value may come before the answer.
    for (const item of batch) subscription.items.set(item.handle, item)
    const results = await monitor(session, subscription, batch)
    const t = Date.now() * 1000
    for (const [i, item] of batch.entries()) {
      const result = results[i]
      const name = result?.statusCode.name ?? 'BadUnexpectedError'
      if (result && !result.statusCode.isNotGood()) {
        accept(item, result, session, subscription, report)
        continue
      }
      subscription.items.delete(item.handle)
      if (/^BadTooManyMonitoredItems/.test(name) && item.watching === 'value') added.beyond.push(item)
      else if (item.watching !== 'model') {
        const code = result ? result.statusCode.value >>> 0 : status.bad
        added.refused.push({ tag: item.tag, t, value: null, status: code })
        subscription.refused.set(item.handle, code)
        const { tag, address } = item
        const named = `${tag.asset} ${tag.name} (${address.nodeId})`
        report.tag(tag, deadbandError(named, address, name) ?? tagError(named, name))
      }
    }
  }
  return added
}

/** One result an item. Small servers know no filter: their items are made again with a plain one, or none. */
async function monitor(
  session: Session,
  subscription: Subscription,
  items: readonly Item[],
): Promise<MonitoredItemCreateResult[]> {
  const results = await createItems(session, subscription, items, false)
  const where = results.flatMap(({ statusCode }, i) => (/^Bad.*Filter/.test(statusCode.name) ? [i] : []))
  if (where.length === 0) return results
  const plain = where.map(i => items[i]!)
  const again = await createItems(session, subscription, plain, true)
  return results.map((result, i) => again[where.indexOf(i)] ?? result)
}

async function createItems(
  session: Session,
  { id, publishingMs }: Subscription,
  items: readonly Item[],
  plain: boolean,
): Promise<MonitoredItemCreateResult[]> {
  const { stack, ua, options } = session
  const { Value, EventNotifier } = stack.AttributeIds
  const response = await ua.createMonitoredItems({
    subscriptionId: id,
    timestampsToReturn: stack.TimestampsToReturn.Both,
    itemsToCreate: items.map(item => {
      const attributeId = item.watching === 'value' ? Value : EventNotifier
      const filter = filterOf(session, item, plain)
      return {
        itemToMonitor: { nodeId: stack.resolveNodeId(item.address.nodeId), attributeId },
        monitoringMode: stack.MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: item.handle,
          discardOldest: true,
          ...(item.watching === 'value' ? monitoringOf(options, item.address, publishingMs) : eventQueue),
          ...(filter && { filter }),
        },
      }
    }),
  })
  return response.results ?? []
}

/** Events the server keeps for an item until they are sent. */
const eventQueue = { samplingInterval: 0, queueSize: 1000 } as const

/** Reports what the server made of an item, and what that loses. */
function accept(
  item: Item,
  { revisedSamplingInterval: revisedMs, revisedQueueSize }: MonitoredItemCreateResult,
  { options }: Session,
  subscription: Subscription,
  report: Report,
): void {
  subscription.refused.delete(item.handle)
  if (item.watching !== 'model') report.tag(item.tag, undefined)
  const { samplingInterval } = monitoringOf(options, item.address, subscription.publishingMs)
  const isRevised = item.watching === 'value' && revisedMs !== samplingInterval
  subscription.items.set(item.handle, isRevised ? { ...item, revisedMs } : item)
  if (item.watching !== 'value') return
  if (isRevised) report.revised(item.tag, samplingInterval, revisedMs)
  if (isRevised && revisedMs > samplingInterval) report.lost(item.tag, 'revisedInterval', 'unknown')
  if (!queueHolds(revisedQueueSize, revisedMs, subscription.publishingMs)) {
    report.lost(item.tag, 'queueOverflow', 'unknown')
  }
}
