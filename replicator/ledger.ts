import { Compile } from 'typebox/compile'
import type { Kafka } from '../edge-broker/kafka.ts'
import type { MillraceError } from '../model/index.ts'
import { emptyTally, ReplicationEntry, type Tally } from './entry.ts'
import type { Reconciliation } from './reconcile.ts'

export type Side = 'edge' | 'region'

/** One partition of one export topic, with its copy in the region. */
export type Lane = {
  readonly partition: number
  readonly topic: Readonly<Record<Side, string>>
  readonly state: Reconciliation
  /** This round, the plant was read as far as it went after the region's end was known. */
  complete: boolean
}

export const ledgerKey = 'replicator'

const ledger = { topic: 'ledger', partition: 0 }
const validator = Compile(ReplicationEntry)

/** The last entry in the plant's ledger, if there is one. One that cannot be read counts as none: counting begins anew. */
export async function lastEntry(edge: Kafka): Promise<ReplicationEntry | undefined> {
  const admin = await edge.admin()
  const end = await admin.offsets([ledger.topic], 'latest').finally(() => admin.close())
  const reader = await edge.reader({ partitions: [ledger], start: 'earliest', end })
  let last: Buffer | null = null
  for await (const batch of reader) last = batch.findLast(record => record.key === ledgerKey)?.value ?? last
  const entry: unknown = last && JSON.parse(last.toString())
  return validator.Check(entry) ? entry : undefined
}

/** @param now ms UTC */
export function entryOf(
  destination: string,
  lanes: readonly Lane[],
  trouble: MillraceError | undefined,
  now: number,
): ReplicationEntry {
  const perTopic = Object.fromEntries(
    [...Map.groupBy(lanes, lane => lane.topic.edge)].map(([topic, own]) => [topic, tallyOf(own)]),
  )
  const oldest = Math.min(now, ...lanes.map(({ state }) => state.oldest ?? now))
  const reason = reasonOf(perTopic, trouble)
  return {
    v: 1,
    destination,
    at: now * 1000,
    records: sum(lanes, ({ state }) => state.tally.records),
    waiting: sum(lanes, ({ state }) => state.waiting),
    lagSeconds: (now - oldest) / 1000,
    ...(reason && { reason }),
    perTopic,
    books: Object.fromEntries(
      lanes.map(({ topic, partition, state }) => [`${topic.edge}/${partition}`, state.book()]),
    ),
  }
}

function tallyOf(lanes: readonly Lane[]): ReplicationEntry['perTopic'][string] {
  const names = Object.keys(emptyTally) as (keyof Tally)[]
  const tally = { ...emptyTally }
  for (const name of names) tally[name] = sum(lanes, ({ state }) => state.tally[name])
  return { ...tally, waiting: sum(lanes, ({ state }) => state.waiting) }
}

function sum(lanes: readonly Lane[], count: (lane: Lane) => number): number {
  return lanes.reduce((total, lane) => total + count(lane), 0)
}

/** What is wrong, in one sentence a topic, or undefined. */
function reasonOf(
  perTopic: ReplicationEntry['perTopic'],
  trouble: MillraceError | undefined,
): string | undefined {
  const findings = Object.entries(perTopic).flatMap(([topic, tally]) => {
    const found = [
      tally.missing > 0 && `${tally.missing} records were left out`,
      tally.vanished > 0 && `up to ${tally.vanished} were deleted here before they were compared`,
      tally.uncounted > 0 && `up to ${tally.uncounted} were deleted in the region before they were counted`,
      tally.repeated > 0 && `${tally.repeated} arrived more than once`,
      tally.cut > 0 && `a partition was recreated or cut ${tally.cut} times`,
    ].filter(text => text !== false)
    return found.length > 0 ? [`${topic}: ${found.join(', ')}`] : []
  })
  const all = trouble ? [trouble.explanation, ...findings] : findings
  return all.length > 0 ? all.join('; ') : undefined
}
