import { setTimeout as sleep } from 'node:timers/promises'
import { coded, type MillraceError, orAbort } from '../../model/index.ts'
import type { Kafka, Reader, Writer } from '../kafka.ts'
import type { Word } from './claim.ts'
import { type Beat, Roster } from './roster.ts'

/** A server is silent after five seconds, and has stopped reading after four: its clock began when it sent. */
const beatMs = 1_000
const leaseMs = 4_000
const deadAfterMs = 5_000

export type PresenceOptions = {
  readonly kafka: Kafka
  /** Of the beats, one partition. Never written in a transaction: an open one would hold back its readers. */
  readonly topic: string
  readonly server: string
  readonly onTrouble: (error: MillraceError) => void
}

type Spoken = Beat['sources'][string]

/** This server among those that run the same service, and what each does of what only one may do at a time. */
export type Presence = {
  /** What the beats say of a source from now on; undefined: nothing to do with it. */
  say(source: string, word: Spoken | undefined): void
  /** Whether this server says that it holds it. */
  isHeld(source: string): boolean
  /** Whether another server that is here says so. */
  isHeldElsewhere(source: string): boolean
  /** Whether Kafka has it that this server holds the source. */
  isSaid(source: string): boolean
  /** Whether everybody who is alive has been heard by now. */
  isKnown(): boolean
  /** Servers that are here and what each holds; this one as it says now. */
  holding(): Map<string, { held: ReadonlySet<string>; failed: ReadonlySet<string> }>
  word(server: string, source: string): Word
  isAlive(server: string): boolean
  /** Whether Kafka has taken no beat for so long that it seems to be away as a whole. */
  isAway(): boolean
  /** ms left in which no other server may take this one for dead; negative when there may be one that does. */
  leaseLeftMs(): number
  /** Lets all who wait for a change look again. */
  ring(): void
  /** Resolves when something was heard, said or acknowledged, or after `atMostMs`, or on abort. */
  change(signal: AbortSignal, atMostMs: number): Promise<void>
  /** Beats and listens until aborted, then says goodbye. Never rejects. */
  run(signal: AbortSignal): Promise<void>
}

const now = () => performance.now()

export function openPresence({ kafka, topic, server, onTrouble }: PresenceOptions): Presence {
  const leases = { topic, partition: 0 }
  const roster = new Roster({ me: server, deadAfterMs, beatMs })
  const mine = new Map<string, Spoken>()
  const startedAt = now()
  let acknowledged: Beat['sources'] = {}
  let leaseUntil = Number.NEGATIVE_INFINITY
  let bell = Promise.withResolvers<void>()
  let dueNow = Promise.withResolvers<void>()
  const ring = () => {
    bell.resolve()
    bell = Promise.withResolvers()
  }
  const trouble = (thrown: unknown) =>
    onTrouble(coded(thrown, 'internal', 'the leases cannot be followed', { transient: true }))

  const beat = (state: Beat['state']): Beat => ({
    v: 1,
    server,
    at: Date.now() * 1000,
    state,
    sources: Object.fromEntries(mine),
  })

  const send = async (writer: Writer, state: Beat['state']): Promise<void> => {
    const sentAt = now()
    const said = beat(state)
    await writer.write([{ ...leases, key: server, value: JSON.stringify(said) }])
    acknowledged = said.sources
    leaseUntil = sentAt + leaseMs
    ring()
  }

  const beatUntil = async (signal: AbortSignal): Promise<void> => {
    let writer: Writer | undefined
    while (!signal.aborted) {
      dueNow = Promise.withResolvers()
      try {
        writer ??= await orAbort(kafka.writer(), signal)
        await orAbort(send(writer, 'here'), signal)
      } catch (thrown) {
        if (!signal.aborted) trouble(thrown)
      }
      await Promise.race([sleep(beatMs, undefined, { signal }).catch(() => {}), dueNow.promise])
    }
    await Promise.race([writer && send(writer, 'leaving').catch(trouble), sleep(beatMs)])
    await writer?.close()
  }

  const listenUntil = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await orAbort(listen(kafka, leases, signal, heard), signal)
      } catch (thrown) {
        if (signal.aborted) return
        trouble(thrown)
        await sleep(beatMs, undefined, { signal }).catch(() => {})
      }
    }
  }
  const heard = (beat: Beat, past: boolean) => {
    roster.hear(beat, now(), past)
    ring()
  }

  return {
    say(source, word) {
      if (mine.get(source) === word) return
      if (word) mine.set(source, word)
      else mine.delete(source)
      dueNow.resolve()
      ring()
    },
    isHeld: source => mine.get(source) === 'held',
    isHeldElsewhere: source =>
      [...roster.alive(now()).values()].some(
        beat => beat.server !== server && beat.sources[source] === 'held',
      ),
    isSaid: source => acknowledged[source] === 'held',
    isKnown: () => roster.isKnown(now()),
    holding() {
      const others = [...roster.alive(now()).values()].filter(beat => beat.server !== server)
      const all = [...others, beat('here')]
      return new Map(
        all.map(({ server, sources }) => [
          server,
          { held: saidOf(sources, 'held'), failed: saidOf(sources, 'failed') },
        ]),
      )
    },
    word: (of, source) => roster.word(of, source),
    isAlive: of => roster.alive(now()).has(of),
    ring,
    isAway: () => now() - Math.max(startedAt, leaseUntil) > deadAfterMs,
    leaseLeftMs: () => leaseUntil - now(),
    async change(signal, atMostMs) {
      const limit = new AbortController()
      const either = AbortSignal.any([signal, limit.signal])
      await Promise.race([bell.promise, sleep(atMostMs, undefined, { signal: either }).catch(() => {})])
      limit.abort()
    },
    async run(signal) {
      await Promise.all([beatUntil(signal), listenUntil(signal)])
    },
  }
}

const saidOf = (sources: Beat['sources'], word: Spoken): ReadonlySet<string> =>
  new Set(Object.keys(sources).filter(source => sources[source] === word))

/** What was there before comes first, marked as past. */
async function listen(
  kafka: Kafka,
  leases: { readonly topic: string; readonly partition: number },
  signal: AbortSignal,
  heard: (beat: Beat, past: boolean) => void,
): Promise<void> {
  const admin = await kafka.admin()
  const end = await admin.offsets([leases.topic], 'latest').finally(() => admin.close())
  const boundary = end[0]?.offset ?? 0n
  const reader: Reader = await kafka.reader({ partitions: [leases], start: 'earliest', onGap: () => {} })
  const close = () => void reader.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  try {
    for await (const batch of reader) {
      for (const { value, offset } of batch) {
        if (value) heard(JSON.parse(value.toString()) as Beat, offset < boundary)
      }
    }
  } finally {
    signal.removeEventListener('abort', close)
    await reader.close()
  }
}
