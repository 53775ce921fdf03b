/** Brings a whole plant up on one machine, in order, and takes it down again. */
import { provisionPlant, provisionRegion } from '../edge-broker/provision.ts'
import { coded, type MillraceError, orAbort } from '../model/index.ts'
import { edgeCluster, provisioned, regionCluster, startCluster } from './clusters.ts'
import type { Installation } from './install.ts'
import { serviceProcess } from './node-service.ts'
import type { SupervisedProcess } from './process.ts'
import type { Progress } from './progress.ts'
import { startSimulator } from './simulator.ts'

export type RunningPlant = {
  readonly processes: readonly SupervisedProcess[]
  /** The region comes up behind the plant and cannot hold it up: what it is doing, or why it does not. */
  readonly replication: ReplicationStart
  /** Ends everything: what reads machines first, brokers last. */
  stop(progress: Progress): Promise<void>
}

export type ReplicationStart = { note?: string; error?: MillraceError }

export type RunOptions = {
  readonly installation: Installation
  readonly simulate: boolean
  readonly progress: Progress
  /** Aborted while starting: what has started is stopped again, and the promise rejects. */
  readonly signal: AbortSignal
}

type Role = 'brokers' | 'simulator' | 'board' | 'processors' | 'connectors' | 'region' | 'replicator'
/** The flow dries up from its source; brokers end with nothing left to take. */
const stopOrder: readonly Role[] = [
  'connectors',
  'processors',
  'board',
  'replicator',
  'region',
  'simulator',
  'brokers',
]
type Fleet = Map<Role, readonly SupervisedProcess[]>

const serviceReadyMs = 60_000

export async function runPlant(options: RunOptions): Promise<RunningPlant> {
  const { progress } = options
  const fleet: Fleet = new Map()
  const replication: ReplicationStart = {}
  let replicationStarted = Promise.resolve()
  const running: RunningPlant = {
    replication,
    get processes() {
      return [...fleet.values()].flat()
    },
    async stop(progress) {
      await replicationStarted
      await stopFleet(fleet, progress)
    },
  }
  try {
    await startPlant(options, fleet)
    replicationStarted = startReplication(options, fleet, replication)
    return running
  } catch (error) {
    await stopFleet(fleet, progress)
    throw error
  }
}

async function startPlant(options: RunOptions, fleet: Fleet): Promise<void> {
  const { installation, simulate, progress, signal } = options
  const edge = edgeCluster(installation)
  fleet.set('brokers', edge.processes)
  const brokers = progress.step('brokers', note => startCluster(edge, note, signal))
  const simulator = simulate
    ? progress.step('plant simulator', () => simulated(installation, fleet))
    : undefined
  await all([brokers, simulator])
  await provisioned(edge, kafka => provisionPlant(kafka, installation.plant), signal)
  signal.throwIfAborted()
  const services = (['board', 'processors', 'connectors'] as const).map(role =>
    addServices(installation, fleet, role),
  )
  const names = services.flat().map(({ name }) => name)
  await progress.step(names.join(', '), () =>
    all(services.flat().map(service => startedService(service, signal))),
  )
  signal.throwIfAborted()
}

/** Like Promise.all, but rejects only when all have settled: what is being started can then be stopped. */
async function all(promises: readonly (Promise<void> | undefined)[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

async function simulated(installation: Installation, fleet: Fleet): Promise<void> {
  await startSimulator(installation, process => fleet.set('simulator', [process]), serviceReadyMs)
}

async function startedService(process: SupervisedProcess, signal: AbortSignal): Promise<void> {
  await process.start()
  await orAbort(process.ready(serviceReadyMs), signal)
}

/** Never rejects: the plant runs on without its region. */
async function startReplication(options: RunOptions, fleet: Fleet, told: ReplicationStart): Promise<void> {
  const { installation, signal } = options
  const note = (text: string) => {
    told.note = text
  }
  try {
    if (installation.ownRegion) await startRegion(installation, fleet, note, signal)
    signal.throwIfAborted()
    note('starting MirrorMaker')
    const replicators = addServices(installation, fleet, 'replicator')
    await all(replicators.map(service => startedService(service, signal)))
    delete told.note
  } catch (error) {
    if (!signal.aborted) told.error = coded(error, 'internal', 'the replication does not start')
  }
}

async function startRegion(
  installation: Installation,
  fleet: Fleet,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const region = regionCluster(installation)
  fleet.set('region', region.processes)
  await startCluster(region, up => note(`starting the region, ${up}`), signal)
  await provisioned(region, kafka => provisionRegion(kafka, installation.plant), signal)
}

type ServiceRole = Role & ('board' | 'processors' | 'connectors' | 'replicator')

function addServices(
  { plant, layout }: Installation,
  fleet: Fleet,
  service: ServiceRole,
): SupervisedProcess[] {
  const servers = plant.servers.filter(({ services }) => services.includes(service))
  const processes = servers.map(({ name }) =>
    serviceProcess({
      service,
      server: name,
      plantDir: layout.plantDir,
      serverFile: layout.serverFile(name),
      logFile: layout.logFile(name, service),
    }),
  )
  fleet.set(service, processes)
  return processes
}

async function stopFleet(fleet: Fleet, progress: Progress): Promise<void> {
  for (const role of stopOrder) {
    const processes = fleet.get(role) ?? []
    if (processes.length === 0) continue
    const names = processes.map(({ name }) => name).join(', ')
    await progress.step(`stop ${names}`, () => all(processes.map(process => process.stop())))
  }
}
