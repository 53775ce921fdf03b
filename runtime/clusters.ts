/** The two Kafka clusters that `start` runs: the plant's brokers, and the one-broker region where none is declared. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerSpec } from '../config/plant.ts'
import { connectKafka } from '../edge-broker/client/index.ts'
import { takeReserve } from '../edge-broker/disk/reserve.ts'
import type { Connection, Kafka } from '../edge-broker/kafka.ts'
import { clusterIdOf, prepareNode } from '../edge-broker/node.ts'
import type { NodeAddress, NodeSpec } from '../edge-broker/node-spec.ts'
import { MillraceError } from '../model/index.ts'
import { tlsIn } from './connection.ts'
import { type Installation, regionServer } from './install.ts'
import { type SupervisedProcess, superviseProcess } from './process.ts'
import { brokerPrincipal } from './services.ts'

export type Cluster = { readonly processes: readonly SupervisedProcess[]; readonly admin: Connection }

const readyMs = 120_000
/** What a broker needs to start on a full disk, and to run until what is shed is free. */
const reserveMiB = 256
const reserveEveryMs = 10_000

export function edgeCluster({ plant, layout, authority, ports }: Installation): Cluster {
  const servers = plant.servers.filter(server => server.services.includes('broker'))
  const nodes = servers.map(server => nodeAddress(server, ports.broker, ports.controller))
  const superUsers = [...servers.map(brokerPrincipal), 'admin']
  const processes = servers.map(server =>
    brokerProcess(server, layout.logFile(server.name, 'broker'), {
      nodeId: server.nodeId,
      nodes,
      clusterId: clusterIdOf(authority.ca, plant.name),
      superUsers,
      dir: `${layout.serverDir(server.name)}/broker`,
      tls: tlsIn(layout.credentialsDir(server.name, brokerPrincipal(server))),
    }),
  )
  return { processes, admin: adminOf(nodes, layout.clientDir('admin')) }
}

export function regionCluster({ plant, layout, authority, ports }: Installation): Cluster {
  const node = nodeAddress(regionServer, ports.regionBroker, ports.regionController)
  const process = brokerProcess(regionServer, layout.logFile(regionServer.name, 'broker'), {
    nodeId: regionServer.nodeId,
    nodes: [node],
    clusterId: clusterIdOf(authority.ca, `${plant.name} region`),
    superUsers: ['region-1', 'region-admin'],
    dir: `${layout.serverDir(regionServer.name)}/broker`,
    tls: tlsIn(layout.credentialsDir(regionServer.name, 'region-1')),
    heapMiB: 256,
  })
  return { processes: [process], admin: adminOf([node], layout.clientDir('region-admin')) }
}

const nodeAddress = (
  { nodeId, address }: ServerSpec,
  brokerPort: number,
  controllerPort: number,
): NodeAddress => ({
  nodeId,
  address,
  brokerPort,
  controllerPort,
})

const adminOf = (nodes: readonly NodeAddress[], credentialsDir: string): Connection => ({
  bootstrap: nodes.map(({ address, brokerPort }) => `${address}:${brokerPort}`),
  clientId: 'start',
  tls: tlsIn(credentialsDir),
})

function brokerProcess(server: ServerSpec, logFile: string, spec: NodeSpec): SupervisedProcess {
  let isReserving = false
  const reserve = () => void takeReserve(spec.dir, reserveMiB).catch(() => {})
  const program = () => {
    // Taken once there is space for it, and again when a disk that was full has space again.
    if (!isReserving) setInterval(reserve, reserveEveryMs).unref()
    isReserving = true
    return prepareNode({ ...spec, reserveMiB })
  }
  return superviseProcess({ name: `${server.name}/broker`, program, logFile, graceMs: 30_000 })
}

/** Starts all brokers and waits until they are registered with the elected controller; `note` is told how many are. */
export async function startCluster(
  { processes, admin }: Cluster,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  note(`0 of ${processes.length} up`)
  await Promise.all(processes.map(broker => broker.start()))
  const deadline = Date.now() + readyMs
  for (;;) {
    const up = await brokersUp(admin)
    note(`${up} of ${processes.length} up`)
    if (up === processes.length) return
    const crashed = processes.find(process => process.restarts > 3)
    if (crashed || Date.now() > deadline) {
      throw new MillraceError('broker-unavailable', `${crashed?.name ?? 'a broker'} does not come up`, {
        hint: "See servers/<server>/broker/broker.log in the plant's state folder",
      })
    }
    await sleep(300, undefined, { signal })
  }
}

async function brokersUp(admin: Connection): Promise<number> {
  try {
    const client = await connectKafka(admin, { timeoutMs: 2_000 }).admin()
    const brokers = await client.brokers().finally(() => client.close())
    return brokers.length
  } catch {
    return 0 // not yet
  }
}

/** Makes topics and access lists; a cluster that has just started may need a moment. */
export async function provisioned(
  { admin }: Cluster,
  provision: (kafka: Kafka) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + readyMs
  for (;;) {
    try {
      return await provision(connectKafka(admin))
    } catch (error) {
      if (!(error instanceof MillraceError && error.transient) || Date.now() > deadline) throw error
      await sleep(300, undefined, { signal })
    }
  }
}
