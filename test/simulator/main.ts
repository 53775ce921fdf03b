/**
 * The plant simulator as a process, for the supervisor of a demo:
 *
 *   main.ts --plant DIR --state DIR [--host 127.0.0.1] [--ports press=48400,utilities=48402] [--trust FILE]...
 *
 * One JSON line on standard output, and over IPC if there is a channel, says that it can be reached:
 * {"ready":true,"endpoints":{...},"certificates":{...}}.
 * Each line on standard input is a fault (fault.ts) as JSON; its answer is {"ok":true} or {"ok":false,"error":"..."}.
 * SIGTERM, SIGINT and the death of the parent end it. Exit code 1: it could not start, the reason is on standard error.
 */
import { fstatSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { setErrorLogger, setWarningLogger } from 'node-opcua-client'
import { Check, Errors } from 'typebox/value'
import { loadPlant, type Plant } from '../../config/index.ts'
import { coded, MillraceError } from '../../model/index.ts'
import { type Fleet, startFleet } from './cars/fleet.ts'
import { Fault } from './fault.ts'
import { type Simulator, type SourceName, sourceNames, startSimulator } from './index.ts'

const parentCheckMs = 500
/** A client that does not let go must not hold the process. */
const longestEndMs = 1_500

async function main(): Promise<void> {
  // Standard output is the protocol with the parent; the stack's own loggers write there.
  setWarningLogger(console.error)
  setErrorLogger(console.error)
  const { values } = parseArgs({
    options: {
      plant: { type: 'string' },
      state: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      ports: { type: 'string' },
      trust: { type: 'string', multiple: true, default: [] },
      speed: { type: 'string', default: '1' },
      'allow-unencrypted': { type: 'boolean', default: false },
    },
  })
  if (!values.plant || !values.state) throw invalid('--plant and --state are needed')
  const plant = await loadPlant(values.plant)
  if (!plant.simulator) throw invalid(`${values.plant} has no \`simulator\``)
  const place = { host: values.host, speed: Number(values.speed) }
  const fleet = plant.sources.find(({ name, connector }) => name === 'fleet' && connector === 'mqtt')
  if (fleet) {
    const port = givenPorts(values.ports).fleet ?? portOf(fleet.options.endpoint)
    const topics = topicsOf(fleet)
    serve(asSimulator(await startFleet({ ...place, seed: plant.simulator.seed, port, topics })))
    return
  }
  const sources = simulated(plant)
  const simulator = await startSimulator({
    ...place,
    seed: plant.simulator.seed,
    sources,
    ports: { ...declaredPorts(plant, sources), ...givenPorts(values.ports) },
    opcuaPkiDir: join(values.state, 'opcua-pki'),
    trustedClientCertificates: values.trust,
    allowUnencrypted: values['allow-unencrypted'],
  })
  serve(simulator)
}

type Serving = Pick<Simulator, 'endpoints' | 'certificates' | 'inject' | 'close'>

function serve(simulator: Serving): void {
  endWithParent(simulator)
  const ready = { ready: true, endpoints: simulator.endpoints, certificates: simulator.certificates }
  say(ready)
  process.send?.(ready)
}

/** The topics that the cars' tags are read from. */
function topicsOf({ tags }: Plant['sources'][number]): Map<string, string> {
  return new Map(
    tags.map(({ tag: { asset }, address }) => [
      asset.slice(asset.lastIndexOf('/') + 1),
      String(address.topic),
    ]),
  )
}

function asSimulator({ endpoint, close }: Fleet): Serving {
  const inject = async () => {
    throw new MillraceError('unsupported', 'The faults of the cars come by themselves')
  }
  return { endpoints: { fleet: endpoint }, certificates: {}, inject, close }
}

/** The plant's sources that are simulated here; others of the same plant may be real. */
function simulated(plant: Plant): SourceName[] {
  const declared = new Set(plant.sources.map(source => source.name))
  const known = sourceNames.filter(name => declared.has(name))
  if (known.length > 0) return known
  throw invalid(`${plant.dir} has none of the sources that can be simulated: ${sourceNames.join(', ')}`)
}

function declaredPorts(plant: Plant, sources: readonly SourceName[]): Partial<Record<SourceName, number>> {
  const of = (name: SourceName) => plant.sources.find(source => source.name === name)!.options.endpoint
  return Object.fromEntries(sources.map(name => [name, portOf(of(name))]))
}

const portOf = (endpoint: string) => Number(/:(\d+)/.exec(endpoint)?.[1] ?? 0)

function givenPorts(list: string | undefined): Partial<Record<SourceName | 'fleet', number>> {
  const pairs = (list ?? '').split(',').filter(pair => pair !== '')
  return Object.fromEntries(
    pairs.map(pair => {
      const [name, port] = pair.split('=')
      if (!port || !Number.isInteger(Number(port))) {
        throw invalid(`--ports ${pair} is not a source with its port, as in press=48400`)
      }
      return [name, Number(port)]
    }),
  )
}

/** Ends the process in order, once, at a signal or when whoever started it is gone. */
function endWithParent(simulator: Serving): void {
  const parent = process.ppid
  let ending = false
  const end = async () => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(0), longestEndMs)
    await simulator.close()
    process.exit(0)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  setInterval(() => process.ppid !== parent && end(), parentCheckMs)
  const lines = createInterface({ input: process.stdin })
  lines.on('line', line => answer(simulator, line))
  const input = fstatSync(0)
  // A terminal or /dev/null says nothing about the parent; the end of a pipe does.
  if (input.isFIFO() || input.isSocket()) lines.on('close', end)
}

async function answer(simulator: Serving, line: string): Promise<void> {
  try {
    await simulator.inject(parseFault(line))
    say({ ok: true })
  } catch (error) {
    say({ ok: false, error: coded(error, 'internal', 'The fault failed').explanation })
  }
}

function parseFault(line: string): Fault {
  let fault: unknown
  try {
    fault = JSON.parse(line)
  } catch (cause) {
    throw new MillraceError('bad-payload', 'Not a line of JSON', { cause })
  }
  if (Check(Fault, fault)) return fault
  const [first] = Errors(Fault, fault)
  throw new MillraceError('bad-payload', `Not a fault: ${first?.instancePath ?? ''} ${first?.message ?? ''}`)
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function invalid(message: string): MillraceError {
  return new MillraceError('config-invalid', message)
}

main().catch(error => {
  process.stderr.write(`${coded(error, 'internal', 'The simulator cannot start').explanation}\n`)
  process.exit(1)
})
