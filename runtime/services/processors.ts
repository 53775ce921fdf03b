import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { openPresence, type Presence } from '../../edge-broker/lease/presence.ts'
import { rewinding } from '../../edge-broker/task/rewind.ts'
import { runPartition } from '../../edge-broker/task/shell.ts'
import { coded, type MillraceError } from '../../model/index.ts'
import { divide, type Share } from '../divide.ts'
import { clockTopic, inputTopics, processorGroup } from '../input.ts'
import { followModels, type ModelFeed } from '../models/feed.ts'
import type { ServiceContext } from '../service.ts'
import { chainWorker } from '../worker.ts'
import { followLag } from './lag.ts'
import { rewindOf } from './rewound.ts'
import { shedFullDisks } from './shedding.ts'

/** Partitions move at no cost but a restore: as soon as servers have seen each other twice. */
const settledMs = 500
/** What cannot go on needs a person, whose mending must show without a restart. */
const againMs = 20_000
/** Until the beat of who has fenced us has come. */
const fencedMs = 1_000

type Seat = Share & {
  readonly partition: number
  readonly context: ServiceContext
  readonly kafka: Kafka
  readonly presence: Presence
  readonly models: ModelFeed
}

/**
 * Runs the processors of the partitions that are this server's. Who has which is found from what all servers say of
 * themselves, and may be wrong for a moment: whoever takes a partition fences who had it.
 */
export async function runProcessors(context: ServiceContext): Promise<void> {
  const { plant, server, signal, log } = context
  const kafka = context.kafka('processors')
  const onTrouble = ({ code, explanation }: MillraceError) => log.warn({ code }, explanation)
  const presence = openPresence({ kafka, topic: 'processor-leases', server: server.name, onTrouble })
  const models = await followModels(kafka, { signal, onTrouble })
  const isAlone = isOnlyOne(context)
  const seats = Array.from({ length: plant.partitions }, (_, partition): Seat => {
    return { partition, name: String(partition), wanted: isAlone, context, kafka, presence, models }
  })
  const goodbye = new AbortController()
  const shared = isAlone
    ? []
    : [
        presence.run(goodbye.signal),
        divide({ me: server.name, presence, shares: () => seats, settledMs, signal }),
      ]
  const held = () => seats.filter(({ name }) => presence.isHeld(name)).map(({ partition }) => partition)
  const shedding = shedFullDisks(context)
  const lag = followLag({ kafka, held, metrics: context.metrics, onTrouble, signal })
  context.ready()
  await Promise.all(seats.map(keepPartition))
  goodbye.abort()
  await Promise.all([...shared, lag, shedding, models.ended])
}

/** One partition until the service stops, whenever it is this server's. */
async function keepPartition(seat: Seat): Promise<void> {
  const { presence, name, context } = seat
  const { signal } = context
  while (!signal.aborted) {
    if (!seat.wanted) {
      await presence.change(signal, 1_000)
      continue
    }
    const failure = await processPartition(seat)
    // Who stops holds on until it says goodbye: unsaid, the partition would be this server's again.
    if (signal.aborted) return
    if (failure) await standBack(seat, failure)
    else presence.say(name, undefined)
  }
}

async function processPartition(seat: Seat): Promise<MillraceError | undefined> {
  const { partition, context, kafka, models } = seat
  const { plants, log, metrics } = context
  const leave = givingAway(seat)
  try {
    await runPartition({
      kafka: rewinding(kafka, rewindOf(context, partition)),
      partition,
      inputs: inputTopics,
      clock: clockTopic,
      changelog: 'state',
      deadLetter: 'dead-letter',
      group: processorGroup,
      newWorker: () => chainWorker(plants, { books: models }),
      signal: leave.signal,
      onTrouble: error => {
        metrics.failed(error)
        log.warn({ partition, code: error.code }, error.explanation)
      },
      onCommit: metrics.processed,
      onRestored: restored => log.info({ partition, ...restored }, 'restored'),
    })
    return undefined
  } catch (thrown) {
    return coded(thrown, 'internal', `processing partition ${partition} failed`)
  } finally {
    leave.done()
  }
}

/** Aborts when the service stops, or when the partition is not wanted any more and another has taken it: until then it goes on. */
function givingAway(seat: Seat): { signal: AbortSignal; done(): void } {
  const { presence, name, context } = seat
  const left = new AbortController()
  const done = new AbortController()
  const either = AbortSignal.any([context.signal, done.signal])
  const watch = async () => {
    while (!either.aborted && (seat.wanted || !presence.isHeldElsewhere(name))) {
      presence.say(name, seat.wanted ? 'held' : 'settling')
      await presence.change(either, 1_000)
    }
    if (!either.aborted) left.abort()
  }
  void watch()
  return { signal: AbortSignal.any([context.signal, left.signal]), done: () => done.abort() }
}

/** Leaves the partition to who has fenced us, or to whom it may not fail. */
async function standBack(seat: Seat, { code, explanation }: MillraceError): Promise<void> {
  const { partition, name, presence, context } = seat
  const isFenced = code === 'fenced'
  context.log[isFenced ? 'info' : 'error']({ partition, code }, explanation)
  if (!isFenced) context.metrics.failed({ code })
  if (!isOnlyOne(context)) seat.wanted = false
  presence.say(name, isFenced ? undefined : 'failed')
  await sleep(isFenced ? fencedMs : againMs, undefined, { signal: context.signal }).catch(() => {})
}

const isOnlyOne = ({ plant }: ServiceContext): boolean =>
  plant.servers.filter(({ services }) => services.includes('processors')).length === 1
