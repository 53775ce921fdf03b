import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { MillraceError } from '../model/index.ts'

/** The plant's ports, the same on every server; those of the region and the simulator only where `start` runs them. */
export type PlantPorts = {
  readonly board: number
  readonly broker: number
  readonly controller: number
  readonly regionBroker: number
  readonly regionController: number
  /** MirrorMaker's internal REST, on loopback. */
  readonly replicator: number
  /** Metrics of each service, on loopback. */
  readonly connectorsMetrics: number
  readonly processorsMetrics: number
  readonly boardMetrics: number
  readonly replicatorMetrics: number
}

/** A plant takes this many ports in a row; what follows the named ones is the simulator's. */
const portsTaken = 20
const firstSimulatorPort = 10
const [lowestBase, highestBase] = [18_080, 32_000]

export function portsFrom(base: number): PlantPorts {
  return {
    board: base,
    broker: base + 2,
    controller: base + 3,
    regionBroker: base + 4,
    regionController: base + 5,
    replicator: base + 6,
    connectorsMetrics: base + 1,
    processorsMetrics: base + 7,
    boardMetrics: base + 8,
    replicatorMetrics: base + 9,
  }
}

/** Where services listen unless their server's file says otherwise. */
export const usualPorts = {
  broker: 9094,
  controller: 9093,
  board: 8443,
  replicator: 8083,
  connectorsMetrics: 9464,
  processorsMetrics: 9465,
  boardMetrics: 9466,
  replicatorMetrics: 9467,
} as const

/** What a server's file says of ports. */
export const serverPorts = ({ regionBroker: _, regionController: __, ...ports }: PlantPorts) => ports

export const simulatorPort = (base: number, index: number): number => base + firstSimulatorPort + index

/**
 * The first run of ports that is free on all addresses. Where the search begins depends on the state folder, so that two
 * plants of one machine do not find the same ports while the other is stopped.
 * @throws MillraceError `port-taken`
 */
export async function findPortBase(addresses: readonly string[], stateDir: string): Promise<number> {
  const slots = Math.floor((highestBase - lowestBase) / portsTaken)
  const first = createHash('sha256').update(stateDir).digest().readUInt32BE() % slots
  for (let i = 0; i < slots; i++) {
    const base = lowestBase + ((first + i) % slots) * portsTaken
    if ((await firstTaken(addresses, base)) === undefined) return base
  }
  throw new MillraceError(
    'port-taken',
    `no ${portsTaken} free ports in a row from ${lowestBase} to ${highestBase}`,
    {
      hint: 'Name a base with --port-base',
    },
  )
}

/** @throws MillraceError `port-taken`, naming address and port */
export async function requirePorts(addresses: readonly string[], base: number): Promise<void> {
  const taken = await firstTaken(addresses, base)
  if (!taken) return
  throw new MillraceError(
    'port-taken',
    `port ${taken.port} on ${taken.address} is taken by another process`,
    {
      hint: `Stop it (ss -ltnp 'sport = :${taken.port}' names it), or start with --port-base N`,
    },
  )
}

async function firstTaken(addresses: readonly string[], base: number) {
  const wanted = addresses.flatMap(address =>
    Array.from({ length: portsTaken }, (_, i) => ({ address, port: base + i })),
  )
  const free = await Promise.all(wanted.map(isFree))
  return wanted.find((_, i) => !free[i])
}

function isFree({ address, port }: { address: string; port: number }): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
