import { setTimeout as sleep } from 'node:timers/promises'
import { Base, type ClusterMetadata, ProtocolError } from '@platformatic/kafka'
import type { MillraceError } from '../../model/index.ts'
import type { InRecord, Kafka, Reader } from '../kafka.ts'
import { checkPartitions, clientOptions, contact, type Settings, topicsOf } from './connection.ts'
import { hasApiError, kafkaError } from './errors.ts'
import { bytesOf, type FetchAnswer, fetchFrom, isWhole } from './fetch.ts'
import {
  type Chunk,
  hasEnded,
  isOpen,
  type Lane,
  newLane,
  passEmptiness,
  receive,
  take,
  unknown,
} from './lane.ts'
import { leaderOf, offsetsAt, type Partition } from './offsets.ts'
import { type Patience, patience, pauseMs, within } from './patience.ts'

type ReaderOptions = Parameters<Kafka['reader']>[0]
type OnGap = NonNullable<ReaderOptions['onGap']>

/**
 * After an answer with records a broker is not asked again for so long, ms: what has come meanwhile comes in one piece, and is
 * worked on in one transaction. Where records come seldom none of them waits.
 */
const restMs = 100
/** Unless it is as large, or more is known to be there. */
const largeBytes = 2 * 1024 * 1024

/** Resolves once it is known where to begin. */
export async function openReader(settings: Settings, options: ReaderOptions): Promise<Reader> {
  const client = new Base({ ...clientOptions(settings), retries: 0 })
  const time = patience('open a reader', settings.timeoutMs)
  try {
    const lanes = await within(time, openLanes(client, time, options))
    return new CommittedReader(client, lanes, settings.timeoutMs, options)
  } catch (thrown) {
    await client.close().catch(() => {})
    throw thrown
  }
}

async function openLanes(client: Base, time: Patience, options: ReaderOptions): Promise<Lane[]> {
  const { partitions, start, end = [] } = options
  await contact(client, time)
  checkPartitions(partitions, await topicsOf(client, time, topicsIn(partitions)))
  const given = typeof start === 'object' && !('timestamp' in start) ? start : undefined
  const missing = partitions.filter(of => !given?.some(same(of)))
  const place = typeof start === 'object' && !('timestamp' in start) ? 'earliest' : start
  const begin = [...(given ?? []), ...(await offsetsAt(client, time, missing, place))]
  return partitions.map(of => newLane(of, begin.find(same(of))!.offset, end.find(same(of))?.offset))
}

/**
 * Asks each leader for all its partitions at once, and again only when everything it gave was taken: so one answer a
 * broker is all that is ever held. While the last chunk of a large one is worked on, the next is on its way.
 */
class CommittedReader implements Reader {
  readonly #client: Base
  readonly #timeoutMs: number
  readonly #onGap: OnGap | undefined
  readonly #waitsForEnd: boolean
  readonly #closing = new AbortController()
  readonly #chunks: Chunk[] = []
  readonly #asking = new Set<number>()
  /** Until when a broker is not asked again, by the monotonic clock. */
  readonly #restsUntil = new Map<number, number>()
  #restTimer: NodeJS.Timeout | undefined
  #lanes: Lane[]
  #brokers: ClusterMetadata['brokers'] = new Map()
  #recovering = false
  #troubles = 0
  #failure: MillraceError | undefined
  #wake: () => void = () => {}

  constructor(client: Base, lanes: Lane[], timeoutMs: number, { end, onGap }: ReaderOptions) {
    this.#client = client
    this.#lanes = lanes
    this.#timeoutMs = timeoutMs
    this.#waitsForEnd = end !== undefined
    this.#onGap = onGap
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly InRecord[]> {
    try {
      while (!this.#isOver()) {
        const chunk = this.#chunks.shift()
        this.#ask()
        if (!chunk) {
          await this.#news()
          continue
        }
        const records = take(chunk)
        if (records.length > 0) yield records
      }
    } finally {
      await this.close()
    }
  }

  get isAtEnd(): boolean {
    return this.#chunks.length === 0 && this.#lanes.every(({ atEnd }) => atEnd)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#restTimer)
    this.#chunks.length = 0
    this.#wake()
    await this.#client.close().catch(() => {})
  }

  #isOver(): boolean {
    if (this.#closing.signal.aborted) return true
    if (this.#failure && this.#chunks.length === 0) throw this.#failure
    const isDone = (lane: Lane) => lane.end === undefined || hasEnded(lane)
    return this.#waitsForEnd && this.#lanes.every(isDone) && this.#chunks.every(({ lane }) => !lane.end)
  }

  #news(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }

  /** Sends a fetch to every leader that is owed nothing, and looks for leaders that are not known. */
  #ask(): void {
    if (this.#closing.signal.aborted || this.#failure) return
    const open = this.#lanes.filter(lane => isOpen(lane) && !lane.asked)
    for (const [broker, lanes] of Map.groupBy(open, lane => lane.leader)) {
      if (broker === unknown) void this.#findLeaders()
      else if (!this.#asking.has(broker) && !this.#chunks.some(chunk => chunk.broker === broker)) {
        const rest = (this.#restsUntil.get(broker) ?? 0) - performance.now()
        if (rest > 0) this.#askIn(rest)
        else void this.#fetch(broker, lanes)
      }
    }
  }

  #askIn(ms: number): void {
    this.#restTimer ??= setTimeout(() => {
      this.#restTimer = undefined
      this.#ask()
    }, ms)
  }

  async #fetch(broker: number, lanes: readonly Lane[]): Promise<void> {
    this.#asking.add(broker)
    for (const lane of lanes) lane.asked = true
    try {
      const targets = lanes.map(lane => ({ ...lane, offset: lane.fetchOffset }))
      const address = this.#brokers.get(broker)
      if (!address) throw new ProtocolError('BROKER_NOT_AVAILABLE')
      const { errorCode, answers } = await fetchFrom(this.#client.connections, address, targets)
      if (errorCode !== 0) throw new ProtocolError(errorCode)
      await this.#receive(broker, lanes, answers)
    } catch (thrown) {
      for (const lane of lanes) this.#trouble(lane, thrown)
    } finally {
      this.#asking.delete(broker)
      for (const lane of lanes) lane.asked = false
      this.#ask()
      this.#wake()
    }
  }

  async #receive(broker: number, lanes: readonly Lane[], answers: readonly FetchAnswer[]): Promise<void> {
    const whole = isWhole(answers)
    for (const answer of answers) {
      const lane = lanes.find(
        ({ topicId, partition }) => topicId === answer.topicId && partition === answer.partition,
      )
      if (!lane) continue
      if (answer.errorCode !== 0) {
        await this.#refused(lane, new ProtocolError(answer.errorCode))
        continue
      }
      this.#troubles = 0
      const chunk = receive(lane, broker, answer)
      if (chunk) this.#chunks.push(chunk)
      else if (whole) passEmptiness(lane, answer)
    }
    const isLittle = lanes.every(({ atEnd }) => atEnd) && bytesOf(answers) < largeBytes
    const isSomething = this.#chunks.some(chunk => chunk.broker === broker)
    if (isSomething && isLittle && !this.#waitsForEnd)
      this.#restsUntil.set(broker, performance.now() + restMs)
    this.#rotate()
  }

  /** A broker fills its answer in the order of the request: the next one begins with another partition. */
  #rotate(): void {
    const first = this.#lanes.shift()
    if (first) this.#lanes.push(first)
  }

  async #refused(lane: Lane, error: ProtocolError): Promise<void> {
    if (hasApiError(error, 'OFFSET_OUT_OF_RANGE')) await this.#passGap(lane, error)
    else if (error.canRetry === true) this.#trouble(lane, error)
    else this.#fail(kafkaError(error, `read ${lane.topic}/${lane.partition}`))
  }

  /** Retention may have removed what was to be read next. That the log is shorter than what was read is worse. */
  async #passGap(lane: Lane, error: ProtocolError): Promise<void> {
    const { topic, partition, fetchOffset } = lane
    const time = patience(
      `read ${topic}/${partition} at ${fetchOffset}`,
      this.#timeoutMs,
      this.#closing.signal,
    )
    const [earliest] = await offsetsAt(this.#client, time, [lane], 'earliest')
    if (!this.#onGap || !earliest || earliest.offset <= fetchOffset)
      return this.#fail(kafkaError(error, time.doing))
    this.#onGap({ topic, partition, from: fetchOffset, to: earliest.offset })
    lane.fetchOffset = earliest.offset
    lane.takenOffset = earliest.offset
  }

  #trouble(lane: Lane, thrown: unknown): void {
    lane.leader = unknown
    lane.atEnd = false
    lane.troubledSince ??= Date.now()
    if (Date.now() - lane.troubledSince < this.#timeoutMs) return
    this.#fail(kafkaError(thrown, `read ${lane.topic}/${lane.partition}`))
  }

  async #findLeaders(): Promise<void> {
    if (this.#recovering) return
    this.#recovering = true
    const { signal } = this.#closing
    try {
      if (this.#troubles > 0) await sleep(pauseMs(this.#troubles, undefined), undefined, { signal })
      this.#troubles++
      const time = patience('find the leaders', this.#timeoutMs, signal)
      this.#adopt(await within(time, topicsOf(this.#client, time, topicsIn(this.#lanes), { fresh: true })))
    } catch (thrown) {
      if (!signal.aborted) this.#fail(kafkaError(thrown, 'find the leaders'))
    } finally {
      this.#recovering = false
      this.#ask()
    }
  }

  #adopt(metadata: ClusterMetadata): void {
    this.#brokers = metadata.brokers
    for (const lane of this.#lanes) {
      lane.topicId = metadata.topics.get(lane.topic)?.id ?? ''
      const leader = leaderOf(metadata, lane)
      if (leader === unknown) this.#trouble(lane, new ProtocolError('LEADER_NOT_AVAILABLE'))
      else if (!lane.asked) lane.leader = leader
    }
  }

  #fail(error: MillraceError): void {
    this.#failure ??= error
    this.#wake()
  }
}

function topicsIn(partitions: readonly Partition[]): string[] {
  return [...new Set(partitions.map(({ topic }) => topic))]
}

const same = (a: Partition) => (b: Partition) => a.topic === b.topic && a.partition === b.partition
