/** A plant that runs, or has run, from a state folder of this machine: what the commands besides `start` work on. */
import { existsSync } from 'node:fs'
import { parseFolder, readFolder } from '../config/folder.ts'
import { loadPlant } from '../config/load.ts'
import { namePattern } from '../config/patterns.ts'
import type { Plant } from '../config/plant.ts'
import { loadServer, type ServerFile } from '../config/server.ts'
import type { Connection } from '../edge-broker/kafka.ts'
import { MillraceError } from '../model/index.ts'
import { connectionOf } from './connection.ts'
import { runningInstance } from './instance.ts'
import { defaultStateDir, demoPlant, type Layout, layoutOf } from './layout.ts'

export type PlantOptions = { readonly plant?: string; readonly state?: string }

export type PlantAt = {
  readonly plant: Plant
  readonly layout: Layout
  readonly file: ServerFile
  /** @param client a name under `clients/`: `operator` reads everything, `admin` may change everything */
  connection(client: string): Connection
}

/** The state folder that the options and the environment name; `name` is the plant's. */
export function stateDirOf({ state }: PlantOptions, name: string): string {
  return state ?? process.env.MILLRACE_STATE ?? defaultStateDir(name)
}

/** How a plant's state folder is called when `start --brokers 1` runs it: its brokers cannot become three. */
export const smallName = (plant: string): string => `${plant}-1`

/** Where the plant runs, small or as declared; where it would, if it does not. */
function whereItRuns(options: PlantOptions, name: string): string {
  const declared = stateDirOf(options, name)
  const small = stateDirOf(options, smallName(name))
  return runningInstance(declared) || !runningInstance(small) ? declared : small
}

/** The same, for commands that have to talk to its brokers. @throws MillraceError `unreachable` when it does not run */
export async function runningPlantAt(options: PlantOptions): Promise<PlantAt> {
  const at = await plantAt(options)
  if (runningInstance(at.layout.stateDir)) return at
  throw new MillraceError('unreachable', `the plant "${at.plant.name}" is not running`, {
    hint: 'Start it with npm start',
  })
}

/**
 * The folder may hold a change that was refused while the plant runs on as it was: its name is all that is needed.
 * @throws MillraceError `config-invalid` when not even that can be read
 */
async function plantNameIn(dir: string): Promise<string> {
  try {
    return (await loadPlant(dir)).name
  } catch (error) {
    const { plant } = parseFolder(await readFolder(dir))
    const name = (plant?.value as { plant?: unknown } | null | undefined)?.plant
    if (typeof name === 'string' && new RegExp(namePattern).test(name)) return name
    throw error
  }
}

/** @throws MillraceError `unreachable` when the plant was never started from that folder */
export async function plantAt(options: PlantOptions): Promise<PlantAt> {
  const name = await plantNameIn(options.plant ?? demoPlant)
  const layout = layoutOf(whereItRuns(options, name))
  if (!existsSync(layout.plantDir)) {
    throw new MillraceError(
      'unreachable',
      `the plant "${name}" has not been started from ${layout.stateDir}`,
      {
        hint: 'Start it with npm start, or name its folders with --plant and --state',
      },
    )
  }
  const plant = await loadPlant(layout.plantDir)
  const file = await loadServer(layout.serverFile(plant.servers[0]!.name), plant)
  return {
    plant,
    layout,
    file,
    connection: client => connectionOf(plant, file, layout.clientDir(client), client),
  }
}
