import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerInfo, Kafka } from '../edge-broker/kafka.ts'
import { coded, MillraceError } from '../model/index.ts'
import { LagWatch } from './lag.ts'
import type { BoardPlant } from './plant.ts'
import { runSession } from './session.ts'
import type { PlantStatus } from './status.ts'
import { PlantView } from './view.ts'

export type FollowOptions = {
  /** How far back signals, aggregates and alarm events are read at the start; 15 minutes if left out. */
  readonly historyMs?: number
  /** Brokers that there should be; one missing from the cluster is shown as down. */
  readonly brokers?: readonly BrokerInfo[]
  /** Consumer group of the processors, whose lag is shown; `processors` if left out. */
  readonly group?: string
}

const backOffMs = { first: 500, most: 10_000 }
const graceMs = 2_000

/**
 * Keeps a view fed from Kafka until `signal` aborts, then resolves. Never rejects: while Kafka is away the view says so
 * and keeps the last it knew, and this tries again with back-off and jitter. A new session reads its history again,
 * which does the view no harm.
 */
export async function followPlant(
  kafka: Kafka,
  view: PlantView,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const watch = new LagWatch()
  let wait = backOffMs.first
  while (!signal.aborted) {
    try {
      const session = runSession(kafka, view, watch, sessionOptions(options), signal, () => {
        wait = backOffMs.first
        view.setFeed('live', Date.now())
      })
      await endsWith(session, signal)
    } catch (thrown) {
      const error = coded(thrown, 'broker-unavailable', 'Kafka cannot be read', { transient: true })
      view.setFeed('away', Date.now(), error.explanation)
      await delay(wait * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
      wait = Math.min(wait * 2, backOffMs.most)
    }
  }
}

/**
 * One complete look for the command line: reads what is current and the last minute, asks the cluster once, and is done.
 * @throws MillraceError `broker-unavailable` or `timeout` when Kafka has not answered within `timeoutMs` (15 s)
 */
export async function readStatusOnce(
  kafka: Kafka,
  plant: BoardPlant,
  options: FollowOptions & { readonly boardUrl?: string; readonly timeoutMs?: number } = {},
): Promise<PlantStatus> {
  const view = new PlantView(plant, { historyS: 60 })
  view.boardUrl = options.boardUrl
  const timeoutMs = options.timeoutMs ?? 15_000
  const end = new AbortController()
  const timer = setTimeout(() => end.abort(), timeoutMs)
  let complete = false
  try {
    const session = sessionOptions({ historyMs: 60_000, ...options })
    const once = runSession(kafka, view, new LagWatch(), session, end.signal, () => {
      complete = true
      view.setFeed('live', Date.now())
      end.abort()
    })
    await endsWith(once, end.signal)
  } finally {
    clearTimeout(timer)
  }
  if (!complete) throw tooLate(timeoutMs)
  return view.status(Date.now())
}

/** As the session does, but after an abort it is not waited for longer than `graceMs`: Kafka may not be answering. */
async function endsWith(session: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: given, resolve } = Promise.withResolvers<void>()
  const grace = () => setTimeout(resolve, graceMs).unref()
  if (signal.aborted) grace()
  else signal.addEventListener('abort', grace, { once: true })
  session.catch(() => undefined)
  try {
    await Promise.race([session, given])
  } finally {
    signal.removeEventListener('abort', grace)
  }
}

function sessionOptions({ historyMs = 900_000, brokers = [], group = 'processors' }: FollowOptions) {
  return { brokers, group, fromMs: Date.now() - historyMs }
}

function tooLate(timeoutMs: number): MillraceError {
  return new MillraceError('timeout', `Kafka has not told the plant's state within ${timeoutMs / 1000} s`, {
    transient: true,
    hint: 'Are the brokers running?',
  })
}
