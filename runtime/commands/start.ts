import { setTimeout as sleep } from 'node:timers/promises'
import logUpdate from 'log-update'
import { followPlant, PlantView } from '../../board/index.ts'
import { checkPlant, loadPlant } from '../../config/load.ts'
import type { Plant } from '../../config/plant.ts'
import { renderProblems } from '../../config/render.ts'
import { loadServer } from '../../config/server.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { MillraceError } from '../../model/index.ts'
import { boardUrl, connectionOf, expectedBrokers } from '../connection.ts'
import { type Derivation, derivePlantFolder } from '../derive.ts'
import { followDeclared } from '../follow-declared.ts'
import { addressesOf, type Installation, install } from '../install.ts'
import { claimInstance } from '../instance.ts'
import { demoPlant, layoutOf } from '../layout.ts'
import { type PlantOptions, smallName, stateDirOf } from '../plant-at.ts'
import { requirePorts } from '../ports.ts'
import { preflight } from '../preflight.ts'
import { openProgress, type Progress } from '../progress.ts'
import { renderStatus } from '../render-status.ts'
import { type RunningPlant, runPlant } from '../run.ts'

export type StartOptions = PlantOptions & {
  brokers?: 1 | 3
  portBase?: number
  simulator: boolean
  json?: boolean
}

/** What a process of each kind was measured to take, MiB resident, with room. */
const memoryMiB = { broker: 700, region: 1_100, rest: 700 }
const diskMiB = 2_048

/** Runs a whole plant on this machine until it is interrupted, then stops it in order. */
export async function start(options: StartOptions): Promise<void> {
  const declared = await checked(options.plant ?? demoPlant)
  const oneServer = options.brokers === 1 && declared.servers.length > 1
  if (options.brokers === 3 && declared.servers.length < 3) throw tooFewServers(declared)
  const layout = layoutOf(stateDirOf(options, oneServer ? smallName(declared.name) : declared.name))
  await preflight({ stateDir: layout.stateDir, memoryMiB: memoryFor(declared, oneServer), diskMiB })
  const release = claimInstance(layout.stateDir, declared.dir)
  const interrupted = interruption()
  const progress = openProgress(process.stderr)
  try {
    const plant = await prepared(declared, oneServer, layout, options.portBase, progress)
    const simulate = simulates(plant, options)
    const starting = runPlant({ installation: plant, progress, simulate, signal: interrupted })
    const running = await unlessInterrupted(starting, interrupted)
    if (!running) return
    try {
      const derivation = derivationOf(plant, oneServer)
      const { plants, ended } = await followDeclared(plant, declared, derivation, interrupted)
      while (!interrupted.aborted) {
        const until = AbortSignal.any([interrupted, plants.next()])
        await watched({ ...plant, plant: plants.current }, running, options, until)
      }
      await ended
    } finally {
      await running.stop(progress)
    }
  } finally {
    release()
  }
}

/** An interrupted start rejects, having stopped what it had started: that is no error. */
async function unlessInterrupted<T>(starting: Promise<T>, interrupted: AbortSignal): Promise<T | undefined> {
  try {
    return await starting
  } catch (error) {
    if (!interrupted.aborted) throw error
    return undefined
  }
}

async function checked(dir: string): Promise<Plant> {
  const { plant, problems } = await checkPlant(dir)
  if (plant) return plant
  console.error(renderProblems(dir, problems))
  throw new MillraceError('config-invalid', `${problems.length} problems in ${dir}; nothing was started`)
}

/** The plant as this machine runs it: ports found, certificates made, its folder derived. */
async function prepared(
  declared: Plant,
  oneServer: boolean,
  layout: ReturnType<typeof layoutOf>,
  portBase: number | undefined,
  progress: Progress,
): Promise<Installation> {
  return progress.step('certificates and ports', async () => {
    derivePlantFolder(declared, layout.plantDir, { oneServer })
    const installation = await install(await loadPlant(layout.plantDir), layout, portBase)
    const { ownRegion } = installation
    if (ownRegion) derivePlantFolder(declared, layout.plantDir, derivationOf(installation, oneServer))
    await requirePorts(addressesOf(installation.plant), installation.portBase)
    return { ...installation, plant: await loadPlant(layout.plantDir) }
  })
}

const derivationOf = ({ ports, ownRegion }: Installation, oneServer: boolean): Derivation => ({
  oneServer,
  ...(ownRegion && { regionBootstrap: `127.0.0.1:${ports.regionBroker}` }),
})

const simulates = ({ plant }: Installation, { simulator }: StartOptions) =>
  simulator && plant.simulator !== undefined

/** Shows the plant's status until the signal. */
async function watched(
  { plant, layout }: Installation,
  running: RunningPlant,
  options: StartOptions,
  interrupted: AbortSignal,
): Promise<void> {
  const file = await loadServer(layout.serverFile(plant.servers[0]!.name), plant)
  const view = new PlantView(plant, { historyS: 60 })
  view.boardUrl = boardUrl(plant, file)
  const kafka = connectKafka(connectionOf(plant, file, layout.clientDir('operator'), 'start'))
  const followed = followPlant(
    kafka,
    view,
    { historyMs: 60_000, brokers: expectedBrokers(plant, file) },
    interrupted,
  )
  await firstFeed(view, interrupted)
  while (!interrupted.aborted) {
    show(view, running, options)
    const everyMs = process.stdout.isTTY && !options.json ? 1_000 : 10_000
    await sleep(everyMs, undefined, { signal: interrupted }).catch(() => {})
  }
  await followed
  if (process.stdout.isTTY) logUpdate.done()
}

/** Waits until the view knows the plant; a few seconds at most, for then it has a reason to tell. */
async function firstFeed(view: PlantView, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 8_000
  while (!signal.aborted && Date.now() < deadline && view.status(Date.now()).feed.state !== 'live') {
    await sleep(100, undefined, { signal }).catch(() => {})
  }
}

function show(view: PlantView, running: RunningPlant, { json }: StartOptions): void {
  const status = view.status(Date.now())
  if (json) return void console.log(JSON.stringify(status))
  const crashed = running.processes.filter(process => process.restarts > 0)
  const lines = [
    ...renderStatus(status),
    ...replicationLines(running.replication),
    ...crashed.map(
      ({ name, restarts, lastExit }) => `  ! ${name} was restarted ${restarts} times (${lastExit})`,
    ),
  ]
  if (process.stdout.isTTY) logUpdate([...lines, '  Ctrl-C stops the plant'].join('\n'))
  else console.log(lines.join('\n'))
}

function replicationLines({ note, error }: RunningPlant['replication']): string[] {
  return [...(note ? [`  … ${note}`] : []), ...(error ? [`  ! ${error.explanation}`] : [])]
}

/** A terminal's Ctrl-C may arrive more than once, through npm and by itself; a second one three seconds later is meant. */
function interruption(): AbortSignal {
  const stop = new AbortController()
  let firstAt = 0
  process.on('SIGINT', () => {
    if (firstAt > 0 && Date.now() - firstAt > 3_000) process.exit(130)
    firstAt ||= Date.now()
    stop.abort()
  })
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  return stop.signal
}

function memoryFor(plant: Plant, oneServer: boolean): number {
  const brokers = oneServer ? 1 : plant.servers.filter(({ services }) => services.includes('broker')).length
  return brokers * memoryMiB.broker + (plant.region ? memoryMiB.region : 0) + memoryMiB.rest
}

function tooFewServers({ name, servers }: Plant): MillraceError {
  return new MillraceError(
    'config-invalid',
    `the plant "${name}" declares ${servers.length} server, not three`,
    {
      hint: 'Add servers to its plant.yaml',
    },
  )
}
