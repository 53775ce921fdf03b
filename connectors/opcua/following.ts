import { setTimeout as sleep } from 'node:timers/promises'
import { orAbort, type Sample, status } from '../../model/index.ts'
import { expand } from './follow.ts'
import { groupOf, type Item, withHandles } from './plan.ts'
import type { Declared } from './points.ts'
import { isPolled, namesOf, polledOf, type Up } from './prepare.ts'
import { addItems } from './subscribe.ts'
import type { Subscription } from './subscription.ts'

/** Keeps what followed nodes stand for as the server's model is: told by the server, and looked at now and then. */
export async function keepFollowing(
  up: Up,
  emit: (samples: readonly Sample[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { session, changes } = up
  const ended = AbortSignal.any([signal, session.lost])
  try {
    for (;;) {
      const change = changes.next
      const timer = new AbortController()
      const slow = sleep(session.options.rebrowseMs, undefined, { signal: timer.signal }).catch(() => {})
      await orAbort(Promise.race([change, slow]), ended).finally(() => timer.abort())
      const samples = await orAbort(update(up), ended)
      if (samples) await emit(samples)
    }
  } catch (thrown) {
    if (!signal.aborted || thrown !== signal.reason) throw thrown
  }
}

/** Takes in what has come and gone; resolves with the last, bad samples of what has gone, or nothing without a change. */
async function update(up: Up): Promise<Sample[] | undefined> {
  const { session, limits, points, poll, subscriptions, report } = up
  const declared = Object.values(points).flat()
  const now = await expand(session, limits, points.followed, namesOf(declared))
  const before = new Map(up.expanded.map(each => [keyOf(each), each]))
  const kept = now.map(each => before.get(keyOf(each)) ?? each)
  const come = kept.filter(each => !up.expanded.includes(each))
  const gone = up.expanded.filter(each => !kept.includes(each))
  if (come.length === 0 && gone.length === 0) return undefined
  await up.learn(come)
  const t = Date.now() * 1000
  const samples = gone.map(({ tag }): Sample => ({ tag, t, value: null, status: status.badNodeIdUnknown }))
  for (const { tag } of gone) report.tag(tag, undefined)
  up.expanded = kept
  up.beyond = up.beyond.filter(each => !gone.some(({ tag }) => tag === each.tag))
  const [subscription, group] =
    [...subscriptions.groupOf].find(([, { items }]) => items.some(({ watching }) => watching === 'model')) ??
    []
  if (subscription && group) {
    const items = currentItems(subscription, group.items, gone)
    const room = Math.max(0, limits.itemsPerSubscription - items.length)
    const watched = come.filter(each => !isPolled(each))
    const added = withHandles(
      watched.slice(0, room).map(each => ({ ...each, watching: 'value' as const })),
      new Set(items.map(({ handle }) => handle)),
    )
    const { refused, beyond } = await addItems(session, subscription, added, limits, report)
    samples.push(...refused)
    up.beyond = [...up.beyond, ...watched.slice(room), ...beyond]
    const all = [...items, ...added]
    subscriptions.groupOf.set(subscription, groupOf(all, group.perPublish, session.options))
    subscription.settle(subscriptions.groupOf.get(subscription)!)
  }
  poll.set(polledOf(points, up.expanded, up.beyond))
  return samples
}

const keyOf = ({ tag, address }: Declared): string => `${tag.asset} ${tag.name} ${address.nodeId}`

/** The items without those that have gone; what the server still sends of these is passed over. */
function currentItems(subscription: Subscription, items: readonly Item[], gone: readonly Declared[]): Item[] {
  const tags = new Set(gone.map(({ tag }) => tag))
  return items.filter(item => {
    if (item.watching !== 'value' || !tags.has(item.tag)) return true
    subscription.items.delete(item.handle)
    return false
  })
}
