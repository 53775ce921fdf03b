import type { Tag } from '../../model/index.ts'
import type { Report, Source } from '../contract.ts'
import { learnEnumerations } from './enumerations.ts'
import { expand } from './follow.ts'
import { type Limits, readLimits } from './limits.ts'
import { Notifications } from './notifications.ts'
import type { Address, Options } from './options.ts'
import { planOf, type Wanted } from './plan.ts'
import { type Declared, type Points, pointsOf } from './points.ts'
import { Poll } from './poll.ts'
import { parseResume } from './resume.ts'
import type { Session } from './session.ts'
import { learnStructures } from './structures.ts'
import { openSubscriptions, type Subscriptions } from './subscriptions.ts'

/** A session with everything set up, ready to run. */
export type Up = {
  readonly session: Session
  readonly limits: Limits
  readonly report: Report
  readonly points: Points
  readonly subscriptions: Subscriptions
  readonly poll: Poll
  readonly notifications: Notifications
  readonly changes: Changes
  /** What the followed nodes stand for now. */
  expanded: readonly Declared[]
  /** What is read by polling because the server has no item left for it. */
  beyond: readonly Declared[]
  /** Whether the next session has been told of the subscriptions. */
  isKept: boolean
  /** Learns the types of tags that have come. */
  learn(tags: readonly Declared[]): Promise<void>
}

/** Told that the server's model changed; waited for by whoever follows it. */
export class Changes {
  #next = Promise.withResolvers<void>()

  get next(): Promise<void> {
    return this.#next.promise
  }

  readonly happened = (): void => {
    this.#next.resolve()
    this.#next = Promise.withResolvers<void>()
  }
}

/** Reads limits, types and followed nodes, and takes over or makes the subscriptions. */
export async function prepare(
  session: Session,
  source: Source<Options, Address>,
  report: Report,
): Promise<Up> {
  const { options } = source
  const resume = parseResume(source.resume)
  const points = pointsOf(source.tags)
  const limits = await readLimits(session)
  const expanded = await expand(session, limits, points.followed, namesOf(source.tags))
  const enumerations = new Map<Tag, ReadonlyMap<number, string>>()
  const learn = async (tags: readonly Declared[]) => {
    await learnStructures(session, limits, tags)
    for (const [tag, names] of await learnEnumerations(session, limits, tags)) enumerations.set(tag, names)
  }
  await learn([...points.subscribed, ...points.polled, ...expanded])
  const { groups, beyond } = planOf(wantedOf(points, expanded), limits, options)
  const subscriptions = await openSubscriptions(session, groups, limits, report, resume)
  const changes = new Changes()
  const notifications = new Notifications(session, report, enumerations, changes.happened)
  const isWhole = groups.length === 0
  const unwatched = [...beyond, ...subscriptions.beyond]
  const tags = polledOf(points, expanded, unwatched)
  const poll = new Poll({ session, limits, notifications, report, isWhole }, tags)
  if (resume) poll.missed(Date.now() - resume.at)
  const isKept = subscriptions.available.size > 0
  return {
    ...{
      session,
      limits,
      report,
      points,
      subscriptions,
      poll,
      notifications,
      changes,
      expanded,
      isKept,
      learn,
    },
    beyond: unwatched,
  }
}

/** `asset name` of each tag. */
export function namesOf(tags: readonly Declared[]): ReadonlySet<string> {
  return new Set(tags.map(({ tag }) => `${tag.asset} ${tag.name}`))
}

export const isPolled = ({ address }: Declared): boolean => address.mode === 'poll'

export function polledOf(
  { polled }: Points,
  expanded: readonly Declared[],
  beyond: readonly Declared[],
): Declared[] {
  return [...polled, ...expanded.filter(isPolled), ...beyond]
}

/** What shall be watched, by kind. Followed nodes come with an item that tells of changes of the model. */
function wantedOf({ subscribed, events, followed }: Points, expanded: readonly Declared[]): Wanted {
  const values = subscribed.map(each => ({ ...each, watching: 'value' as const }))
  const [root] = followed
  const model = root ? [{ tag: root.tag, address: { nodeId: 'i=2253' }, watching: 'model' as const }] : []
  const variables = expanded
    .filter(each => !isPolled(each))
    .map(each => ({ ...each, watching: 'value' as const }))
  return {
    telemetry: values.filter(({ tag }) => tag.class === 'telemetry'),
    waveform: values.filter(({ tag }) => tag.class === 'waveform'),
    events: events.map(each => ({ ...each, watching: 'events' as const })),
    followed: [...model, ...variables],
  }
}
