import { setTimeout as sleep } from 'node:timers/promises'
import { coded, MillraceError, type ShedEntry, shedKeyPrefix } from '../../model/index.ts'
import type { Admin, InRecord, Kafka, OutRecord } from '../kafka.ts'
import type { Topic } from '../topics.ts'
import { type Disk, type Extent, planShedding, usedShare, type Watermarks } from './plan.ts'

const ledger = { topic: 'ledger', partition: 0 }
/** So many ranges are kept a partition; `offsets` counts those before as well. */
const keptRanges = 50

export type ShedderOptions = {
  readonly kafka: Kafka
  /** All of the plant's; those without `shed` are never thinned out. */
  readonly topics: readonly Topic[]
  readonly watermarks: Watermarks
  readonly everyMs?: number
  /** How long brokers may take to give the space of removed records back. */
  readonly settleMs?: number
  readonly signal: AbortSignal
  readonly onDisks: (disks: readonly Disk[]) => void
  /** At the beginning: what the ledger tells of earlier times. */
  readonly onTold?: (entries: readonly ShedEntry[]) => void
  readonly onShed: (entries: readonly ShedEntry[]) => void
  readonly onTrouble: (error: MillraceError) => void
}

/**
 * Watches every broker's disk until aborted, and removes the oldest records of what may be thinned out while one is
 * nearly full. What goes is written to the ledger first, under an id that fences whoever sheds as well: several servers
 * may run this. Never rejects.
 */
export async function shedWhenFull(options: ShedderOptions): Promise<void> {
  const { kafka, everyMs = 5_000, settleMs = 20_000, signal, onTold, onTrouble } = options
  let isTold = onTold === undefined
  while (!signal.aborted) {
    let shed = false
    try {
      const admin = await kafka.admin()
      try {
        if (!isTold) onTold?.([...(await entriesSoFar(kafka, admin)).values()])
        isTold = true
        shed = await look(options, admin)
      } finally {
        await admin.close()
      }
    } catch (thrown) {
      onTrouble(
        coded(thrown, 'internal', 'the disks of the brokers cannot be looked after', { transient: true }),
      )
    }
    await sleep(shed ? settleMs : everyMs, undefined, { signal }).catch(() => {})
  }
}

/** Whether anything was removed. */
async function look(options: ShedderOptions, admin: Admin): Promise<boolean> {
  const { kafka, topics, watermarks, signal, onDisks, onShed, onTrouble } = options
  const order = sheddingOrder(topics)
  const disks = await admin.disks(order)
  onDisks(disks)
  const full = disks.filter(disk => usedShare(disk) > watermarks.highShare)
  if (full.length === 0) return false
  const task = await kafka.task({ id: 'shedder', group: 'shedder', signal })
  try {
    const told = await entriesSoFar(kafka, admin)
    const extents = (await extentsOf(admin, order)).map(of => behindTold(of, told))
    const plan = planShedding(disks, extents, order, watermarks)
    if (plan.length === 0) {
      onTrouble(nothingLeft(full))
      return false
    }
    const entries = plan.map(extent =>
      entryOf(extent, told.get(keyOf(extent)), reasonOf(full), Date.now() * 1000),
    )
    await task.commit(entries.map(recordOf), [])
    await admin.deleteRecords(plan.map(({ topic, partition, to }) => ({ topic, partition, offset: to })))
    onShed(entries)
    return true
  } finally {
    await task.close()
  }
}

/** Names of what may be thinned out, first what goes first. */
export function sheddingOrder(topics: readonly Topic[]): string[] {
  return topics
    .filter(({ shed }) => shed !== undefined)
    .sort((a, b) => a.shed! - b.shed!)
    .map(({ name }) => name)
}

async function extentsOf(admin: Admin, topics: readonly string[]): Promise<Extent[]> {
  const [earliest, latest] = await Promise.all([
    admin.offsets(topics, 'earliest'),
    admin.offsets(topics, 'latest'),
  ])
  const last = new Map(latest.map(({ topic, partition, offset }) => [keyOf({ topic, partition }), offset]))
  return earliest.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    from: offset,
    to: last.get(keyOf({ topic, partition })) ?? offset,
  }))
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }): string =>
  `${shedKeyPrefix}${topic}/${partition}`

/** What is told already may still be on its way out: it is not told twice. */
function behindTold(extent: Extent, told: ReadonlyMap<string, ShedEntry>): Extent {
  const last = told.get(keyOf(extent))?.ranges.at(-1)
  const from = last && BigInt(last.to) > extent.from ? BigInt(last.to) : extent.from
  return { ...extent, from: from < extent.to ? from : extent.to }
}

async function entriesSoFar(kafka: Kafka, admin: Admin): Promise<Map<string, ShedEntry>> {
  const end = await admin.offsets([ledger.topic], 'latest')
  const reader = await kafka.reader({ partitions: [ledger], start: 'earliest', end })
  const entries = new Map<string, ShedEntry>()
  const take = ({ key, value }: InRecord) => {
    if (key.startsWith(shedKeyPrefix) && value) entries.set(key, JSON.parse(value.toString()) as ShedEntry)
  }
  for await (const batch of reader) batch.forEach(take)
  return entries
}

/** @param at microseconds UTC */
export function entryOf(
  { topic, partition, from, to }: Extent,
  before: ShedEntry | undefined,
  reason: string,
  at: number,
): ShedEntry {
  const range = { from: String(from), to: String(to), at }
  return {
    v: 1,
    topic,
    partition,
    at,
    reason,
    offsets: (before?.offsets ?? 0) + Number(to - from),
    ranges: [...(before?.ranges ?? []), range].slice(-keptRanges),
  }
}

const recordOf = (entry: ShedEntry): OutRecord => ({
  ...ledger,
  key: keyOf(entry),
  value: JSON.stringify(entry),
})

function reasonOf(full: readonly Disk[]): string {
  const disks = full.map(
    disk => `that of broker ${disk.broker} is ${Math.round(usedShare(disk) * 100)} % full`,
  )
  return `A disk has too little space left: ${disks.join(', ')}`
}

function nothingLeft(full: readonly Disk[]): MillraceError {
  return new MillraceError('disk', `${reasonOf(full)}, and nothing is left that may be removed`, {
    transient: true,
    hint: 'Free space there, or put in a larger disk: results, alarms, the ledger and state are never removed',
  })
}
