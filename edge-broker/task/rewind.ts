/**
 * Processing that survives a power cut of the whole hall. Each log has lost another part of its last second or two: so the
 * state, its place in the input and the results do not fit each other any more. Whoever takes a partition over after
 * that goes back together with its state to a time which all logs still have, processes what came after it again, and
 * writes only those results that are not there. That the whole cluster was down is told by its leaders: all others.
 */
import { hash } from 'node:crypto'
import type { Admin, Kafka, OutRecord, Place, Position, Task } from '../kafka.ts'
import {
  type Before,
  cutBack,
  type Entry,
  type Place as PlaceEntry,
  placeKey,
  placeText,
} from './cut-back.ts'
import { allChanged, type Leaders, leadersOf, type PartitionId } from './leaders.ts'
import { settledEnd } from './recall.ts'

export type RewindOptions = {
  readonly partition: number
  readonly inputs: readonly string[]
  readonly changelog: string
  /** Topics of the results, the dead letters among them. */
  readonly outputs: readonly string[]
  readonly signal: AbortSignal
  readonly onRewind?: (rewound: { readonly entries: number; readonly results: number }) => void
}

/** Further back than brokers can lose: they flush every second, and say so another second later. */
const rewindMs = 10_000
/** Results may be older than those that are known to come again. */
const marginMs = 60_000
/** How long what is processed again is compared with what was there. */
const comparedMs = 10 * 60_000

/** Kept beside the positions. `again`: results between these offsets may come a second time. */
type Note = {
  readonly leaders: Leaders
  readonly again?: {
    readonly at: number
    readonly oldest: number
    readonly until: Readonly<Record<string, string>>
  }
}

/** Kafka as the shell sees it, one partition: a task is there once it has gone back where that is needed. */
export function rewinding(kafka: Kafka, options: RewindOptions): Kafka {
  return {
    ...kafka,
    async task(asked) {
      const opening = kafka.task(asked)
      try {
        const looking = withAdmin(kafka, admin => lookBack(admin, asked.group, options))
        const [task, before] = await Promise.all([opening, looking])
        const rewinding = new RewindingTask(kafka, task, options)
        await rewinding.begin(before)
        return rewinding
      } catch (thrown) {
        await opening.then(
          task => task.close(),
          () => {},
        )
        throw thrown
      }
    },
  }
}

async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = await kafka.admin()
  return work(admin).finally(() => admin.close())
}

type LookedBack = { readonly note: Note | undefined; readonly leaders: Leaders; readonly isCut: boolean }

/** What is noted is taken as it is: after a power cut, positions may wait for a mark that only this task can write. */
async function lookBack(admin: Admin, group: string, options: RewindOptions): Promise<LookedBack> {
  const { inputs, changelog, partition } = options
  const [all, leaders] = await Promise.all([
    admin.groupPositions(group, inputs, { unsettled: true }),
    leadersOf(admin, allOf(options)),
  ])
  const found = all.filter(of => of.partition === partition)
  const note = noteIn(found)
  if (note) return { note, leaders, isCut: allChanged(note.leaders, leaders) }
  if (found.length > 0) return { note, leaders, isCut: false }
  const written = await admin.offsets([changelog], 'written')
  return { note, leaders, isCut: written.some(of => of.partition === partition && of.offset > 0n) }
}

const allOf = ({ inputs, changelog, outputs, partition }: RewindOptions): PartitionId[] =>
  [...inputs, changelog, ...outputs].map(topic => ({ topic, partition }))

class RewindingTask implements Task {
  readonly #kafka: Kafka
  readonly #task: Task
  readonly #options: RewindOptions
  readonly #places = new Map<string, string>()
  #note: Note = { leaders: {} }
  #known: Set<string> | undefined

  constructor(kafka: Kafka, task: Task, options: RewindOptions) {
    this.#kafka = kafka
    this.#task = task
    this.#options = options
  }

  /** Goes back if all brokers were down. Only then are changelog and positions what they are to be. */
  async begin({ note, leaders, isCut }: LookedBack): Promise<void> {
    this.#note = { ...note, leaders }
    if (isCut) await withAdmin(this.#kafka, admin => this.#rewind(admin))
    else await this.#learn()
  }

  async positions(of: readonly Place[]): Promise<Position[]> {
    const found = await this.#task.positions(of)
    this.#keep(found)
    return found
  }

  async commit(records: readonly OutRecord[], positions: readonly Position[]): Promise<void> {
    if (records.length === 0 && positions.length === 0) return this.#task.commit(records, positions)
    const { changelog } = this.#options
    const results = records.filter(({ topic }) => topic !== changelog)
    if (this.#note.again && Date.now() > this.#note.again.at + comparedMs) this.#forget()
    const fresh = records.filter(
      record => record.topic === changelog || !this.#known?.has(nameOfResult(record)),
    )
    this.#keep(positions)
    await this.#task.commit([...fresh, this.#place(results)], this.#noted(positions))
  }

  settle(partitions: readonly PartitionId[]): Promise<void> {
    return this.#task.settle(partitions)
  }

  close(): Promise<void> {
    return this.#task.close()
  }

  #keep(positions: readonly Position[]): void {
    for (const { topic, offset } of positions) this.#places.set(topic, String(offset))
  }

  #forget(): void {
    this.#known = undefined
    this.#note = { leaders: this.#note.leaders }
  }

  #noted(positions: readonly Position[]): Position[] {
    return positions.map(position => ({ ...position, metadata: JSON.stringify(this.#note) }))
  }

  #place(results: readonly OutRecord[], more: Pick<PlaceEntry, 'voidAfter'> = {}): OutRecord {
    const stamps = results.flatMap(({ timestamp }) => timestamp ?? [])
    const oldest = stamps.length > 0 ? { oldest: stamps.reduce((a, b) => Math.min(a, b)) } : {}
    const positions = Object.fromEntries(this.#places)
    return this.#entry(placeKey, placeText({ positions, ...oldest, ...more }))
  }

  #entry(key: string, value: string | null): OutRecord {
    const { changelog: topic, partition } = this.#options
    return { topic, partition, key, value }
  }

  #in(topics: readonly string[]): PartitionId[] {
    return topics.map(topic => ({ topic, partition: this.#options.partition }))
  }

  /** State and positions as they were, in one transaction; from then on this is a restart like any other. */
  async #rewind(admin: Admin): Promise<void> {
    const { changelog, outputs, signal, onRewind } = this.#options
    await this.#task.settle(this.#in([changelog, ...outputs]))
    const before = cutBack(await this.#changelog(admin), rewindMs)
    const ends = await settledEnd(admin, this.#in(outputs), signal)
    const until = Object.fromEntries(ends.map(({ topic, offset }) => [topic, String(offset)]))
    const again = { at: Date.now(), oldest: before.oldest - marginMs, until }
    this.#note = { ...this.#note, again }
    const positions = await this.#positionsOf(admin, before)
    this.#keep(positions)
    const entries = before.entries.map(({ key, value }) => this.#entry(key, value))
    const place = this.#place([], { voidAfter: String(before.through) })
    await this.#task.commit([...entries, place], this.#noted(positions))
    await this.#learn()
    onRewind?.({ entries: entries.length, results: this.#known?.size ?? 0 })
  }

  /** What was never committed by then begins with the earliest there is. */
  async #positionsOf(admin: Admin, { positions }: Before): Promise<Position[]> {
    const { inputs, partition } = this.#options
    const earliest = await admin.offsets(inputs, 'earliest')
    return inputs.map(topic => {
      const first = earliest.find(of => of.topic === topic && of.partition === partition)!
      const known = positions[topic]
      return { topic, partition, offset: known === undefined ? first.offset : BigInt(known) }
    })
  }

  async #changelog(admin: Admin): Promise<Entry[]> {
    const { changelog, signal } = this.#options
    const partitions = this.#in([changelog])
    const end = await settledEnd(admin, partitions, signal)
    const reader = await this.#kafka.reader({ partitions, start: 'earliest', end })
    const entries: Entry[] = []
    for await (const batch of reader) {
      signal.throwIfAborted()
      for (const { offset, timestamp, key, value } of batch)
        entries.push({ offset, timestamp, key, value: value === null ? null : value.toString() })
    }
    return entries
  }

  /** Reads the results that may come a second time, unless that is done. */
  async #learn(): Promise<void> {
    const { again } = this.#note
    if (!again || this.#known) return
    const { signal } = this.#options
    const partitions = this.#in(Object.keys(again.until))
    const end = partitions.map(of => ({ ...of, offset: BigInt(again.until[of.topic]!) }))
    const reader = await this.#kafka.reader({ partitions, start: { timestamp: again.oldest }, end })
    const known = new Set<string>()
    for await (const batch of reader) {
      signal.throwIfAborted()
      for (const record of batch) known.add(nameOfResult(record))
    }
    this.#known = known
  }
}

function noteIn(positions: readonly Position[]): Note | undefined {
  const text = positions.find(({ metadata }) => metadata)?.metadata
  return text === undefined ? undefined : (JSON.parse(text) as Note)
}

/** Processing the same again gives the same, byte for byte. */
function nameOfResult({ topic, key, value }: Pick<OutRecord, 'topic' | 'key' | 'value'>): string {
  return hash(
    'sha1',
    `${topic}\0${key}\0${value === null ? '' : Buffer.from(value).toString('latin1')}`,
    'base64',
  )
}
