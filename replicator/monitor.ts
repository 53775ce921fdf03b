import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, InRecord, Kafka, Position, Task } from '../edge-broker/kafka.ts'
import { arrivalTopic, type ClusterPlan, exportTopic } from '../edge-broker/topics.ts'
import { coded, MillraceError } from '../model/index.ts'
import type { ReplicationEntry } from './entry.ts'
import { entryOf, type Lane, lastEntry, ledgerKey, type Side } from './ledger.ts'
import { Reconciliation } from './reconcile.ts'

export type MonitorOptions = {
  /** Must have a region. */
  readonly plant: ClusterPlan
  readonly signal: AbortSignal
  /** Told after each round; the ledger has it already. */
  readonly onEntry?: (entry: ReplicationEntry) => void
  readonly onTrouble: (error: MillraceError) => void
  /** Records wait, both clusters answer, and nothing has arrived for `stallMs`; again after each further `stallMs`. */
  readonly onStall?: () => void
  readonly everyMs?: number
  readonly stallMs?: number
}

const id = 'replication-monitor'
/** Bounds memory while the region is away: so many of a partition's records are known to wait, the others are not read. */
const mostWaiting = 50_000
const regionPatienceMs = 4_000

/**
 * Watches what arrives in the region until aborted, and tells it in the plant's ledger. Reads every exported record
 * twice, here and there, so that a gap or a repetition is found whatever made it. Starts where the ledger says. A second
 * monitor fences the first.
 * @param edge the plant, as `replication-monitor`
 * @param region the region, as the same
 * @throws MillraceError `fenced`, or another permanent one
 */
export async function runMonitor(edge: Kafka, region: Kafka, options: MonitorOptions): Promise<void> {
  const { signal, onTrouble } = options
  while (!signal.aborted) {
    try {
      await using session = await openSession(edge, region, options)
      await session.run()
    } catch (thrown) {
      if (signal.aborted) return
      const error = coded(thrown, 'internal', 'watching the replication failed', { transient: true })
      if (!error.transient) throw error
      onTrouble(error)
      await sleep(1_000, undefined, { signal }).catch(() => {})
    }
  }
}

async function openSession(edge: Kafka, region: Kafka, options: MonitorOptions): Promise<Session> {
  const task = await edge.task({ id, group: id, signal: options.signal })
  try {
    const books = (await lastEntry(edge))?.books ?? {}
    const lanes = lanesOf(options.plant, (topic, partition) => {
      return new Reconciliation(books[`${topic}/${partition}`])
    })
    return new Session({ edge, region }, task, lanes, options)
  } catch (thrown) {
    await task.close()
    throw thrown
  }
}

function lanesOf(plant: ClusterPlan, state: (topic: string, partition: number) => Reconciliation): Lane[] {
  if (!plant.region) throw new MillraceError('config-invalid', `${plant.name} has no region`)
  const { name, exports } = plant.region
  return exports.flatMap(topic =>
    Array.from({ length: plant.partitions }, (_, partition) => {
      const topics = { edge: exportTopic(name, topic), region: arrivalTopic(plant.name, name, topic) }
      return { partition, topic: topics, state: state(topics.edge, partition), complete: false }
    }),
  )
}

/** From one fencing to the next trouble with the plant. Trouble with the region is told and waited for. */
class Session implements AsyncDisposable {
  readonly #kafka: Readonly<Record<Side, Kafka>>
  readonly #task: Task
  readonly #lanes: readonly Lane[]
  readonly #options: MonitorOptions
  readonly #admins: Partial<Record<Side, Promise<Admin>>> = {}
  #progressAt = Date.now()

  constructor(kafka: Record<Side, Kafka>, task: Task, lanes: readonly Lane[], options: MonitorOptions) {
    this.#kafka = kafka
    this.#task = task
    this.#lanes = lanes
    this.#options = options
  }

  async run(): Promise<void> {
    const { signal, everyMs = 2_000, onEntry } = this.#options
    while (!signal.aborted) {
      const trouble = await this.#round()
      const entry = entryOf(this.#options.plant.region!.name, this.#lanes, trouble, Date.now())
      const value = JSON.stringify(entry)
      await this.#task.commit([{ topic: 'ledger', partition: 0, key: ledgerKey, value }], [])
      onEntry?.(entry)
      await sleep(everyMs, undefined, { signal }).catch(() => {})
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Object.values(this.#admins).map(opening => soon(opening.then(admin => admin.close())))
    await Promise.allSettled([this.#task.close(), ...closed])
  }

  /**
   * Whatever is in the region before its end was asked for is in the plant before the plant's end was asked for after.
   * @returns the region's trouble; it is told and waited for, while the plant's ends the session
   */
  async #round(): Promise<MillraceError | undefined> {
    const regionEnds = await settled(soon(this.#ends('region')))
    const edgeEnds = await this.#ends('edge')
    const before = this.#arrivals()
    await this.#readEdge(edgeEnds)
    const trouble = 'error' in regionEnds ? regionEnds : await settled(this.#readRegion(regionEnds.value))
    this.#watchProgress(this.#arrivals() > before, 'error' in trouble)
    return 'error' in trouble ? trouble.error : undefined
  }

  /** Keeps one admin a side open until it fails; a call that nobody waits for any more fails by itself, later. */
  async #ends(side: Side): Promise<Position[]> {
    this.#admins[side] ??= this.#kafka[side].admin()
    const opening = this.#admins[side]
    try {
      const topics = new Set(this.#lanes.map(lane => lane.topic[side]))
      return await (await opening).offsets([...topics], 'latest')
    } catch (thrown) {
      if (this.#admins[side] === opening) delete this.#admins[side]
      opening.then(admin => admin.close()).catch(() => {})
      throw thrown
    }
  }

  async #readEdge(ends: readonly Position[]): Promise<void> {
    for (const lane of this.#lanes) lane.complete = false
    const lanes = this.#lanes.filter(lane => lane.state.waiting < mostWaiting)
    await this.#read('edge', lanes, ends, (lane, record) => {
      lane.state.sent(record)
      return lane.state.waiting < mostWaiting
    })
    for (const lane of lanes) lane.complete = lane.state.next.edge >= endOf(lane, 'edge', ends)
  }

  #readRegion(ends: readonly Position[]): Promise<void> {
    return this.#read('region', this.#lanes, ends, (lane, record) =>
      lane.state.arrived(record, lane.complete),
    )
  }

  /** Reads a side up to `ends`, a lane until `take` does not want more of it. */
  async #read(
    side: Side,
    lanes: readonly Lane[],
    ends: readonly Position[],
    take: (lane: Lane, record: InRecord) => boolean,
  ): Promise<void> {
    for (const lane of lanes) {
      const end = endOf(lane, side, ends)
      if (lane.state.next[side] > end) lane.state.cut(side, end)
    }
    const open = new Set(lanes.filter(lane => lane.state.next[side] < endOf(lane, side, ends)))
    if (open.size === 0) return
    const wanted = [...open]
    const laneOf = (of: { topic: string; partition: number }) =>
      wanted.find(lane => lane.topic[side] === of.topic && lane.partition === of.partition)!
    const reader = await this.#kafka[side].reader({
      partitions: wanted.map(lane => ({ topic: lane.topic[side], partition: lane.partition })),
      start: wanted.map(lane => positionOf(lane, side, lane.state.next[side])),
      end: wanted.map(lane => positionOf(lane, side, endOf(lane, side, ends))),
      onGap: gap => laneOf(gap).state.deleted(side, gap.from, gap.to),
    })
    const { signal } = this.#options
    using _ = onAbort(signal, () => void reader.close())
    for await (const batch of reader) {
      for (const record of batch) {
        const lane = laneOf(record)
        const within = record.offset < endOf(lane, side, ends)
        if (within && open.has(lane) && !take(lane, record)) open.delete(lane)
      }
      if (open.size === 0) return
    }
    if (signal.aborted) return
    for (const lane of open) lane.state.readTo(side, endOf(lane, side, ends))
  }

  #arrivals(): number {
    return this.#lanes.reduce((sum, { state }) => sum + state.tally.records, 0)
  }

  #watchProgress(arrived: boolean, trouble: boolean): void {
    const { stallMs = 120_000, onStall } = this.#options
    const waits = this.#lanes.some(({ state }) => state.waiting > 0)
    if (arrived || !waits || trouble) this.#progressAt = Date.now()
    if (Date.now() - this.#progressAt < stallMs) return
    this.#progressAt = Date.now()
    onStall?.()
  }
}

function endOf({ topic, partition }: Lane, side: Side, ends: readonly Position[]): bigint {
  const end = ends.find(position => position.topic === topic[side] && position.partition === partition)
  return end?.offset ?? 0n
}

function positionOf({ topic, partition }: Lane, side: Side, offset: bigint): Position {
  return { topic: topic[side], partition, offset }
}

/** The plant's side is told meanwhile, so an absent region must not hold up a round for as long as a client is patient. */
async function soon<T>(work: Promise<T>): Promise<T> {
  const late = new AbortController()
  const tooLate = sleep(regionPatienceMs, undefined, { signal: late.signal }).then(() => {
    throw new MillraceError(
      'broker-unavailable',
      `the region has not answered for ${regionPatienceMs / 1000} s`,
      {
        transient: true,
        hint: 'Records wait in the plant until it does',
      },
    )
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    late.abort()
    work.catch(() => {}) // its own end, if late, is nobody's news
    tooLate.catch(() => {})
  }
}

/** The region's transient errors as values. */
async function settled<T>(work: Promise<T>): Promise<{ value: T } | { error: MillraceError }> {
  try {
    return { value: await work }
  } catch (thrown) {
    const error = coded(thrown, 'broker-unavailable', 'the region does not answer', { transient: true })
    if (!error.transient) throw error
    return { error }
  }
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener('abort', act, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', act) }
}
