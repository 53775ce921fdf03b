import type { SourceSpec } from '../../config/plant.ts'
import { dutiesOf } from '../../edge-broker/lease/duties.ts'
import { openPresence, type Presence } from '../../edge-broker/lease/presence.ts'
import type { ServiceContext } from '../service.ts'
import { announce, keepSource, retireSource } from '../source/keeper.ts'
import type { Seat } from '../source/seat.ts'
import { runSources } from './sources.ts'

/** A server that has more than another gives a source away only while all have seen each other for so long, ms. */
const settledMs = 5_000

/** Reads the declared sources that are this server's, and moves what it reads into Kafka. */
export async function runConnectors(context: ServiceContext): Promise<void> {
  const { plant, plants, server, log, signal } = context
  const kafka = context.kafka('connectors')
  const presence = openPresence({
    kafka,
    server: server.name,
    onTrouble: ({ code, explanation }) => log.warn({ code }, explanation),
  })
  const running = plant.servers.filter(({ services }) => services.includes('connectors'))
  const servers = running.map(({ name }) => name)
  const seatOf = (spec: SourceSpec, signal: AbortSignal): Seat => ({
    context: { ...context, signal },
    kafka,
    spec,
    presence,
    servers,
    wanted: false,
  })
  const seats = new Set<Seat>()
  const keep = async (spec: SourceSpec, signal: AbortSignal) => {
    const seat = seatOf(spec, signal)
    seats.add(seat)
    presence.ring()
    await keepSource(seat).finally(() => seats.delete(seat))
  }
  for (const spec of plant.sources) announce(seatOf(spec, signal))
  const goodbye = new AbortController()
  const present = presence.run(goodbye.signal)
  const keeping = runSources(plants, signal, keep, (spec, signal) => retireSource(seatOf(spec, signal)))
  context.ready()
  await divide(server.name, seats, presence, signal)
  await keeping
  goodbye.abort()
  await present
}

/** Decides again at every news which sources this server takes, and which it gives away: one at a time. */
async function divide(
  me: string,
  seats: ReadonlySet<Seat>,
  presence: Presence,
  signal: AbortSignal,
): Promise<void> {
  let same = { servers: '', since: 0 }
  for (; !signal.aborted; await presence.change(signal, 1_000)) {
    if (!presence.isKnown()) continue
    const holding = presence.holding()
    const servers = [...holding.keys()].sort().join()
    if (servers !== same.servers) same = { servers, since: performance.now() }
    const sources = Array.from(seats, ({ spec }) => spec.name)
    const { take, give } = dutiesOf(me, sources, holding)
    want(seats, take, true, presence)
    if (give.length === 0 || performance.now() - same.since < settledMs) continue
    want(seats, give, false, presence)
    same = { servers, since: performance.now() }
  }
}

function want(
  seats: ReadonlySet<Seat>,
  sources: readonly string[],
  wanted: boolean,
  presence: Presence,
): void {
  const changed = [...seats].filter(seat => sources.includes(seat.spec.name) && seat.wanted !== wanted)
  for (const seat of changed) seat.wanted = wanted
  if (changed.length > 0) presence.ring()
}
