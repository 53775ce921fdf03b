import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installJars } from '../edge-broker/jars.ts'
import type { Command } from '../edge-broker/java.ts'
import type { Connection } from '../edge-broker/kafka.ts'
import { clusterIdOf, prepareNode, shortLived, startsIn } from '../edge-broker/node.ts'
import type { NodeAddress, NodeSpec } from '../edge-broker/node-spec.ts'
import { type Authority, createAuthority, issueCertificate, writeCredentials } from '../edge-broker/pki.ts'
import { freePorts } from './free-ports.ts'

const startMs = 120_000

export type ClusterOptions = {
  brokers?: 1 | 3
  /** Server properties for every broker */
  overrides?: Record<string, string>
  /** `region`: brokers are called region-N, and its super user is `region-admin` */
  name?: string
  /** Another cluster's authority, to be shared */
  pki?: Authority
  heapMiB?: number
  /** Compile as in a plant: for measurements, not for quick starts */
  fullSpeed?: boolean
}

export interface TestBroker {
  readonly id: number
  readonly address: string
  readonly port: number
  readonly controllerPort: number
  readonly dir: string
  /** of the running process */
  readonly pid: number
  /** SIGKILL; resolves when it is gone */
  kill(): Promise<void>
  /** Resolves when it is registered and unfenced */
  start(): Promise<void>
  /** SIGTERM; SIGKILL when it has not gone after `graceMs` */
  stop(graceMs?: number): Promise<void>
}

export interface TestCluster {
  readonly bootstrap: string[]
  readonly clusterId: string
  readonly pki: Authority
  readonly brokers: TestBroker[]
  readonly dir: string
  /** Issues a certificate for the principal at the first time. Without ACLs only `admin` may do anything. */
  connection(principal: string): Promise<Connection>
  /** Ends all brokers and removes the folder. */
  stop(): Promise<void>
}

/**
 * A real cluster on free ports of 127.0.0.1, .2 and .3, with its data in a temporary folder. Resolves when every broker
 * is registered. Its processes die with this one.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  await installJars()
  const name = options.name ?? 'edge'
  const dir = await mkdtemp(join(tmpdir(), `millrace-${name}-`))
  const pki = options.pki ?? (await createAuthority(join(dir, 'pki'), { plant: 'test' }))
  const nodes = await freeNodes(options.brokers ?? 3)
  const brokers = await testBrokers({ ...options, name, dir, pki, nodes })
  const bootstrap = nodes.map(node => `${node.address}:${node.brokerPort}`)
  const issued = new Map<string, Promise<Connection>>()
  const cluster: TestCluster = {
    bootstrap,
    clusterId: clusterIdOf(pki.ca, name),
    pki,
    brokers,
    dir,
    connection(principal) {
      const connection = issued.get(principal) ?? connect(pki, dir, bootstrap, principal)
      issued.set(principal, connection)
      return connection
    },
    async stop() {
      await Promise.all(brokers.map(broker => broker.kill()))
      await rm(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await Promise.all(brokers.map(broker => broker.start()))
  } catch (thrown) {
    await cluster.stop()
    throw thrown
  }
  return cluster
}

type BrokersSpec = ClusterOptions & { name: string; dir: string; pki: Authority; nodes: NodeAddress[] }

async function testBrokers(spec: BrokersSpec): Promise<TestBroker[]> {
  const { name, dir, pki, nodes } = spec
  const brokerName = (id: number) => `${name === 'region' ? 'region' : 'broker'}-${id}`
  const superUsers = [
    ...nodes.map(node => brokerName(node.nodeId)),
    name === 'region' ? 'region-admin' : 'admin',
  ]
  const brokers = nodes.map(async node => {
    const own = join(dir, brokerName(node.nodeId))
    const credentials = await issueCertificate(pki, {
      name: brokerName(node.nodeId),
      kind: 'broker',
      addresses: [node.address],
    })
    const nodeSpec: NodeSpec = {
      nodeId: node.nodeId,
      nodes,
      clusterId: clusterIdOf(pki.ca, name),
      superUsers,
      dir: own,
      tls: await writeCredentials(join(own, 'tls'), credentials),
      heapMiB: spec.heapMiB ?? 384,
      jvmFlags: spec.fullSpeed ? [] : shortLived,
      overrides: spec.overrides ?? {},
    }
    return testBroker(nodeSpec, node)
  })
  return Promise.all(brokers)
}

async function connect(
  pki: Authority,
  dir: string,
  bootstrap: string[],
  principal: string,
): Promise<Connection> {
  const kind = principal.startsWith('client-') ? 'client' : 'service'
  const credentials = await issueCertificate(pki, { name: principal, kind })
  const tls = await writeCredentials(join(dir, 'principals', principal), credentials)
  return { bootstrap, clientId: principal, tls }
}

function testBroker(spec: NodeSpec, node: NodeAddress): TestBroker {
  let process: BrokerProcess | undefined
  return {
    id: node.nodeId,
    address: node.address,
    port: node.brokerPort,
    controllerPort: node.controllerPort,
    dir: spec.dir,
    get pid() {
      return process?.child.pid ?? 0
    },
    async kill() {
      process?.child.kill('SIGKILL')
      await process?.gone
    },
    async start() {
      await process?.gone
      const command = await prepareNode(spec)
      const log = join(spec.dir, 'broker.log')
      const seen = await startsIn(log)
      process = spawnBroker(command)
      await started(process, log, seen)
    },
    async stop(graceMs = 20_000) {
      const timer = setTimeout(() => process?.child.kill('SIGKILL'), graceMs)
      process?.child.kill('SIGTERM')
      await process?.gone
      clearTimeout(timer)
    },
  }
}

/** `said`: the last it wrote to stderr. */
type BrokerProcess = { child: ChildProcess; gone: Promise<void>; said: string }

function spawnBroker({ command, args, env, cwd }: Command): BrokerProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    env: { ...process.env, ...env },
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve())
    child.once('error', reject)
  })
  const broker: BrokerProcess = { child, gone, said: '' }
  child.stderr.on('data', chunk => {
    broker.said = `${broker.said}${chunk}`.slice(-4000)
  })
  return broker
}

/** Waits until the log tells of one start more than `seen`. */
async function started(broker: BrokerProcess, log: string, seen: number): Promise<void> {
  const deadline = Date.now() + startMs
  while ((await startsIn(log)) === seen) {
    const { exitCode, signalCode } = broker.child
    if (exitCode !== null || signalCode) throw new Error(`the broker ended: ${broker.said}`)
    if (Date.now() > deadline) throw new Error(`the broker does not start: ${broker.said}`)
    await sleep(100)
  }
}

async function freeNodes(count: number): Promise<NodeAddress[]> {
  const ids = Array.from({ length: count }, (_, i) => i + 1)
  return Promise.all(
    ids.map(async nodeId => {
      const address = `127.0.0.${nodeId}`
      const [brokerPort, controllerPort] = await freePorts(address, 2)
      return { nodeId, address, brokerPort: brokerPort!, controllerPort: controllerPort! }
    }),
  )
}
