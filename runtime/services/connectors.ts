import type { SourceSpec } from '../../config/plant.ts'
import { openPresence } from '../../edge-broker/lease/presence.ts'
import { divide } from '../divide.ts'
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
    topic: 'leases',
    server: server.name,
    onTrouble: ({ code, explanation }) => log.warn({ code }, explanation),
  })
  const running = plant.servers.filter(({ services }) => services.includes('connectors'))
  const servers = running.map(({ name }) => name)
  const seatOf = (spec: SourceSpec, signal: AbortSignal): Seat => ({
    context: { ...context, signal },
    kafka,
    spec,
    name: spec.name,
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
  await divide({ me: server.name, presence, shares: () => [...seats], settledMs, signal })
  await keeping
  goodbye.abort()
  await present
}
