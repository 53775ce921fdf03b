import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadServer } from '../../config/server.ts'
import { sourceOptions } from '../../config/source-options.ts'
import { replay as kind } from '../../connectors/replay/index.ts'
import { isPlayed } from '../../connectors/replay/progress.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { MillraceError, segmentOf } from '../../model/index.ts'
import { connectionOf } from '../connection.ts'
import { type Counted, runForeground } from '../foreground-source.ts'
import { sourceDir } from '../layout.ts'
import { optionList } from '../option-list.ts'
import { type PlantAt, type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { openProgress } from '../progress.ts'

export type ReplayOptions = PlantOptions & {
  as?: string
  source?: string
  speed?: number | 'max'
  times?: 'now' | 'recorded'
  loop?: boolean
  rate?: number
  run?: string
  option?: string[]
  json?: boolean
}

/** Plays a recording into a running plant as a machine, until its end or Ctrl-C. */
export async function replay(path: string, options: ReplayOptions): Promise<void> {
  if (!existsSync(path)) throw new MillraceError('disk', `there is no file ${path}`)
  const chosen = sourceOptions(kind, optionsOf(path, options))
  const at = await runningPlantAt(options)
  const name = sourceName(path, options, at)
  const counted = await played(name, chosen, at)
  if (options.json) console.log(JSON.stringify({ source: name, run: chosen.run, ...counted }))
  else console.log(told(name, counted))
}

function optionsOf(path: string, options: ReplayOptions): Record<string, unknown> {
  const { as, speed, times = 'now', loop, rate, run } = options
  // What happens now is new every time; what happened then is played once, until another run is asked for.
  const defaultRun = times === 'now' ? new Date().toISOString() : '1'
  const named = { asset: as, speed, times, loop, sampleRateHz: rate, run: run ?? defaultRun }
  const given = Object.entries(named).filter(([, value]) => value !== undefined)
  return {
    endpoint: pathToFileURL(path).href,
    ...Object.fromEntries(given),
    ...optionList(options.option),
  }
}

function sourceName(path: string, { source }: ReplayOptions, { plant }: PlantAt): string {
  const name = source ?? `replay-${segmentOf(basename(path).replace(/\.[^.]*$/, ''))}`.replace(/-$/, '')
  if (segmentOf(name) !== name) {
    throw new MillraceError('config-invalid', `--source "${name}" is not a name`, {
      hint: 'Write lower case letters, digits and single dashes',
    })
  }
  if (!plant.sources.some(declared => declared.name === name)) return name
  throw new MillraceError('config-invalid', `the plant has a source "${name}" already`, {
    hint: 'Give another name with --source',
  })
}

async function played(
  name: string,
  options: Readonly<Record<string, unknown>>,
  { plant, layout }: PlantAt,
): Promise<Counted> {
  const server = plant.servers.find(({ services }) => services.includes('connectors'))!
  const file = await loadServer(layout.serverFile(server.name), plant)
  const credentials = layout.credentialsDir(server.name, 'connectors')
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const source = {
    kind,
    name,
    options,
    assets: typeof options.asset === 'string' ? [options.asset] : [],
    stateDir: sourceDir(file.stateDir, name),
    server: server.name,
    partitions: plant.partitions,
    kafka: connectKafka(connectionOf(plant, file, credentials, `replay-${name}`)),
    isDone: isPlayed,
    signal: stop.signal,
    onTrouble: ({ explanation }: MillraceError) => console.error(`millrace: ${explanation}`),
  }
  return openProgress(process.stderr).step(`playing ${name}`, note =>
    runForeground(source, (samples, waiting) => note(`${samples} samples, ${waiting} records waiting`)),
  )
}

function told(name: string, { samples, epoch, seq }: Counted): string {
  if (samples === 0)
    return `${name} has been played before, and nothing was sent twice. --run NAME plays it once more.`
  return `${samples} samples are in Kafka, from source ${name} (epoch ${epoch}, up to record ${seq}).`
}
