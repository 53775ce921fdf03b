import type { Sample } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import { refreshConditions } from './conditions.ts'
import type { Limits } from './limits.ts'
import type { Group } from './plan.ts'
import type { Declared } from './points.ts'
import type { Resume } from './resume.ts'
import type { Session } from './session.ts'
import { addItems, createSubscription } from './subscribe.ts'
import type { Subscription } from './subscription.ts'
import { canTransfer, retell, type Taken, takeOver } from './takeover.ts'

/** All subscriptions of a session, taken over or new. */
export type Subscriptions = {
  readonly all: readonly Subscription[]
  /** By subscription: messages of before, which the server keeps. */
  readonly available: ReadonlyMap<Subscription, readonly number[]>
  readonly groupOf: Map<Subscription, Group>
  readonly refused: readonly Sample[]
  readonly beyond: readonly Declared[]
  /** Whether the next session can take them over. */
  readonly transferable: boolean
}

/**
 * Takes over what the last session left where it asks for the same, and makes the rest. What is made new after there
 * was something before has a gap, which is reported.
 */
export async function openSubscriptions(
  session: Session,
  groups: readonly Group[],
  limits: Limits,
  report: Report,
  resume: Resume | undefined,
): Promise<Subscriptions> {
  const transferable = groups.length > 0 && (await canTransfer(session))
  const taken = transferable && resume ? await takeOver(session, groups, resume) : new Map<Group, Taken>()
  const groupOf = new Map<Subscription, Group>()
  const available = new Map<Subscription, readonly number[]>()
  const refused: Sample[] = []
  const beyond: Declared[] = []
  if (resume && taken.size < groups.length) report.lost(undefined, 'outage', 'unknown')
  for (const group of groups) {
    const before = taken.get(group)
    const subscription = before?.subscription ?? (await createSubscription(session, group))
    if (before) retell(subscription, session, report)
    const missing = group.items.filter(({ handle }) => !subscription.items.has(handle))
    const added = await addItems(session, subscription, missing, limits, report)
    refused.push(...added.refused)
    beyond.push(...added.beyond)
    subscription.settle(group)
    groupOf.set(subscription, group)
    if (before) available.set(subscription, before.available)
    else if (group.items.some(({ watching }) => watching === 'events')) {
      await refreshConditions(session, subscription.id)
    }
  }
  return { all: [...groupOf.keys()], available, groupOf, refused, beyond, transferable }
}
