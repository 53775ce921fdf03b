import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, Kafka, Position, Reader, ReaderStart } from '../edge-broker/kafka.ts'
import { MillraceError, untilOneFails } from '../model/index.ts'
import { type ClusterQuestion, lookAtCluster } from './cluster.ts'
import type { LagWatch } from './lag.ts'
import { followedTopics, type PlantView } from './view.ts'

export type SessionOptions = ClusterQuestion & {
  /** Signals, aggregates and alarm events are read from here on; ms UTC. */
  readonly fromMs: number
}

/** What is there at the start of a session: each partition's first and next offset. */
type Places = { readonly starts: readonly Position[]; readonly ends: readonly Position[] }

const lookEveryMs = 2_000
const lookTimeoutMs = 5_000
/** One broker's death makes a look fail; only when all looks fail for so long is Kafka away. */
const awayAfterMs = 6_000

/**
 * One life of the connection to Kafka: reads the followed topics into the view and looks at the cluster, until `signal`
 * aborts (resolves) or Kafka is away (rejects). `onLive` is called once the view is complete.
 */
export async function runSession(
  kafka: Kafka,
  view: PlantView,
  watch: LagWatch,
  options: SessionOptions,
  signal: AbortSignal,
  onLive: () => void,
): Promise<void> {
  const admin = await kafka.admin()
  try {
    const places = await placesOf(admin)
    view.setFeed('catching-up', Date.now())
    await untilOneFails(signal, ending => {
      const current = follow(kafka, view, places, followedTopics.current, 'earliest', ending)
      const recent = follow(kafka, view, places, followedTopics.recent, { timestamp: options.fromMs }, ending)
      const cluster = watchCluster(admin, view, watch, options, ending)
      const live = Promise.all([current.complete, recent.complete, cluster.complete]).then(() => {
        if (!ending.aborted) onLive()
      })
      return [current.done, recent.done, cluster.done, live]
    })
  } finally {
    await admin.close()
  }
}

/** Part of a session. `complete`: it has told all there was at the start; `done`: it has ended. Both settle on abort. */
type Part = { readonly complete: Promise<void>; readonly done: Promise<void> }

function part(run: (onComplete: () => void) => Promise<void>): Part {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { complete: promise, done: run(resolve).finally(resolve) }
}

/** @throws MillraceError `broker-unavailable` (transient) when a followed topic is not there */
async function placesOf(admin: Admin): Promise<Places> {
  const wanted = [...followedTopics.current, ...followedTopics.recent]
  const there = await admin.topics()
  const missing = wanted.filter(topic => !there.includes(topic))
  if (missing.length > 0) {
    throw new MillraceError('broker-unavailable', `Kafka has no topic ${missing.join(', ')}`, {
      transient: true,
      hint: 'They are made when the plant is started; this goes on by itself once they are there',
    })
  }
  const [starts, ends] = await Promise.all([
    admin.offsets(wanted, 'earliest'),
    admin.offsets(wanted, 'latest'),
  ])
  return { starts, ends }
}

/** Reads topics into the view: first up to the ends that were there, then for good. */
function follow(
  kafka: Kafka,
  view: PlantView,
  { starts, ends }: Places,
  topics: readonly string[],
  start: ReaderStart,
  signal: AbortSignal,
): Part {
  const partitions = starts.filter(place => topics.includes(place.topic))
  const end = ends.filter(place => topics.includes(place.topic))
  // What retention removes before it was read is older than what the board shows.
  const onGap = () => {}
  return part(async onComplete => {
    await pump(await kafka.reader({ partitions, start, end, onGap }), view, signal)
    if (signal.aborted) return
    onComplete()
    await pump(await kafka.reader({ partitions, start: end, onGap }), view, signal)
    if (signal.aborted) return
    throw new MillraceError('broker-unavailable', 'Kafka ended the reading', { transient: true })
  })
}

async function pump(reader: Reader, view: PlantView, signal: AbortSignal): Promise<void> {
  const stop = () => void reader.close()
  if (signal.aborted) return reader.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const records of reader) view.apply(records)
  } finally {
    signal.removeEventListener('abort', stop)
    await reader.close()
  }
}

function watchCluster(
  admin: Admin,
  view: PlantView,
  watch: LagWatch,
  question: ClusterQuestion,
  signal: AbortSignal,
): Part {
  return part(async onComplete => {
    let lastAnswer = Date.now()
    while (!signal.aborted) {
      try {
        const { brokers, lag } = await inTime(lookAtCluster(admin, question, watch, Date.now()), signal)
        view.setCluster(brokers, lag)
        lastAnswer = Date.now()
        onComplete()
      } catch (thrown) {
        if (!signal.aborted && Date.now() - lastAnswer >= awayAfterMs) throw thrown
      }
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  })
}

/** The promise's result; rejects with `timeout` when it is late or the signal aborts. */
async function inTime<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(lookTimeoutMs)])
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const stop = () =>
    reject(
      new MillraceError('timeout', `Kafka has not answered for ${lookTimeoutMs / 1000} s`, {
        transient: true,
        hint: 'Are the brokers running? `millrace status` on a plant server tells',
      }),
    )
  if (late.aborted) stop()
  else late.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    late.removeEventListener('abort', stop)
  }
}
