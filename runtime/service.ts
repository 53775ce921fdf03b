import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { loadPlant } from '../config/load.ts'
import type { Plant, ServerSpec, ServiceName } from '../config/plant.ts'
import { loadServer, type ServerFile } from '../config/server.ts'
import { connectKafka } from '../edge-broker/client/index.ts'
import type { Connection, Kafka } from '../edge-broker/kafka.ts'
import type { MillraceError } from '../model/index.ts'
import { connectionOf } from './connection.ts'
import { followFolder, type Outcome } from './follow-folder.ts'
import { type Metrics, openMetrics, serveMetrics } from './metrics.ts'
import { type PlantFeed, plantFeed } from './plant-feed.ts'
import { usualPorts } from './ports.ts'
import { serviceTeller } from './services/service-entry.ts'

/** What every service's main gets: the plant, this server's place in it, and how to reach Kafka. */
export type ServiceContext = {
  /** As it was at the start; what may change while the service runs is in `plants`. */
  readonly plant: Plant
  readonly plants: PlantFeed
  readonly metrics: Metrics
  readonly server: ServerSpec
  readonly file: ServerFile
  readonly stateDir: string
  readonly signal: AbortSignal
  readonly log: Logger
  connection(principal: string): Connection
  kafka(principal: string): Kafka
  /** This server's own way to a source, where its file declares one. */
  endpoint(source: string): string | undefined
  /** Tells the supervisor that the service does its work. */
  ready(): void
}

export type ServiceMain = (context: ServiceContext) => Promise<void>

/** How a service is run besides its main. */
export type ServiceOptions = {
  readonly name: RunnableService
  readonly main: ServiceMain
  /** The principal that may write to the ledger which configuration runs. */
  readonly teller?: string
}

/** The broker is a Java program of its own. */
export type RunnableService = Exclude<ServiceName, 'broker'>

export type ServiceArguments = { readonly plantDir: string; readonly serverFile: string }

/**
 * How long a service may take to end in order, ms; less than its supervisor's patience. Then the process ends without
 * what is still running, and so it does when its main has failed: all of it is made to survive a kill.
 */
const farewellMs = 15_000
/** Once its main has ended, what may still run are attempts that nobody waits for, ms. */
const lingerMs = 500

/**
 * Runs one service until SIGTERM, SIGINT or the death of its supervisor. When its main rejects, the process ends with
 * it, whatever else still runs in it: half a service would look alive to its supervisor.
 */
export async function runService(
  { name, main, teller }: ServiceOptions,
  args: ServiceArguments,
): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, () => stop.abort())
  const plant = await loadPlant(args.plantDir)
  const file = await loadServer(args.serverFile, plant)
  const server = plant.servers.find(spec => spec.name === file.server)!
  const { stateDir } = file
  const log = pino({ name, base: { server: server.name, plantHash: plant.hash.slice(0, 12) } })
  const connection = (principal: string) =>
    connectionOf(plant, file, join(stateDir, 'pki', principal), `${principal}@${server.name}`)
  log.info('starting')
  stop.signal.addEventListener('abort', () => leaveAfter(farewellMs, log, 'it has not ended in order'))
  const plants = plantFeed(plant)
  const metrics = openMetrics(name, server.name)
  const context: ServiceContext = {
    plant,
    plants,
    metrics,
    server,
    file,
    stateDir,
    signal: stop.signal,
    log,
    connection,
    kafka: principal => connectKafka(connection(principal)),
    endpoint: source => file.endpoints[source],
    ready: () => {
      if (process.connected) process.send?.({ ready: true })
    },
  }
  const told = new AbortController()
  const tell = outcomeTeller(context, name, teller, told.signal)
  tell({ plantHash: plant.hash })
  const followed = followFolder({
    dir: args.plantDir,
    plants,
    signal: stop.signal,
    signalName: 'SIGHUP',
    onOutcome: tell,
  })
  try {
    const scraped = await serveMetrics(
      metrics,
      loopbackOf(server),
      file.ports[`${name}Metrics`] ?? usualPorts[`${name}Metrics`],
    )
    log.info({ url: scraped.url }, 'metrics')
    await main(context)
    await followed
    scraped.close()
    log.info('stopped')
    leaveAfter(lingerMs)
  } catch (thrown) {
    log.fatal({ err: thrown }, 'failed')
    stop.abort()
    throw thrown
  } finally {
    told.abort()
    if (process.connected) process.disconnect()
  }
}

/** Does not keep a process that ends by itself. */
function leaveAfter(ms: number, log?: Logger, why?: string): void {
  setTimeout(() => {
    if (why) log?.error(why)
    process.exit(why ? 1 : process.exitCode)
  }, ms).unref()
}

/** Tells what became of a configuration: in the log, in the metrics, and in the ledger where the service may. */
function outcomeTeller(
  { log, metrics, kafka, server }: ServiceContext,
  service: RunnableService,
  principal: string | undefined,
  signal: AbortSignal,
): (outcome: Outcome) => void {
  const onTrouble = ({ code, explanation }: MillraceError) => log.warn({ code }, explanation)
  const teller =
    principal && serviceTeller(kafka(principal), { service, server: server.name }, onTrouble, signal)
  return outcome => {
    const { plantHash, refused, text } = outcome
    metrics.runs(plantHash)
    metrics.refused(refused !== undefined)
    if (refused) log.error({ problems: refused.count }, `the changed plant folder is refused\n${text}`)
    else log.info({ plantHash: plantHash.slice(0, 12) }, 'this plant folder runs')
    if (teller) teller.tell(outcome)
  }
}

/** Metrics are plain HTTP, and nothing goes in plain text beyond loopback. */
function loopbackOf({ address }: ServerSpec): string {
  return address.startsWith('127.') ? address : '127.0.0.1'
}
