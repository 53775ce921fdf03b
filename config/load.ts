import { resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { assemble } from './assemble.ts'
import { checkMachines } from './check-machines.ts'
import { checkPlantFile } from './check-plant.ts'
import { type ExpandedFolder, expandMachines } from './expand.ts'
import { type FolderBytes, type PlantFolder, parseFolder, readFolder } from './folder.ts'
import { builtIn, type Kinds } from './kinds.ts'
import type { Plant } from './plant.ts'
import {
  inReadingOrder,
  type Path,
  type PlantProblem,
  pathText,
  plantError,
  withoutRepeats,
} from './problem.ts'
import { machineSchema, type PlantFile, plantSchema } from './schema.ts'
import { type IsSound, select } from './select.ts'
import { validate } from './validate.ts'
import type { YamlFile } from './yaml.ts'

export type CheckResult = {
  /** Absent when there is any problem. */
  readonly plant?: Plant
  /** Every problem found, in the order of reading. */
  readonly problems: readonly PlantProblem[]
}

/** @throws MillraceError `config-invalid`, a `PlantError` with every problem. Opens no socket. */
export async function loadPlant(dir: string, kinds: Kinds = builtIn): Promise<Plant> {
  const { plant, problems } = await checkPlant(dir, kinds)
  if (plant === undefined) throw plantError(dir, problems)
  return plant
}

/** Reads and checks a plant folder. Never rejects: what is wrong is in `problems`. Opens no socket. */
export async function checkPlant(dir: string, kinds: Kinds = builtIn): Promise<CheckResult> {
  return checkFolder(await readFolder(resolve(dir)), kinds)
}

/** Checks the bytes of a plant folder, wherever they come from. Never throws. */
export function checkFolder(bytes: FolderBytes, kinds: Kinds = builtIn): CheckResult {
  const folder = parseFolder(bytes)
  const expanded = expandMachines(folder)
  const problems = [...folder.problems, ...expanded.problems, ...checkFiles(folder, expanded, kinds)]
  if (problems.length > 0) return { problems: inReadingOrder(withoutRepeats(problems)) }
  return { plant: assemble({ ...folder, ...expanded }, folder.plant?.value as PlantFile), problems }
}

function checkFiles(
  { plant }: PlantFolder,
  { machines, incomplete }: ExpandedFolder,
  kinds: Kinds,
): PlantProblem[] {
  const readable = machines.filter(isReadable)
  const unsound = new Set<string>()
  const ofShape = [
    ...(plant && isReadable(plant) ? validate(plantSchema, remembering(plant, unsound)) : []),
    ...readable.flatMap(file => validate(schemaFor(kinds, file), remembering(file, unsound))),
  ].filter(({ file, path }) => !(path === 'assets' && incomplete.has(file)))
  const isSound: IsSound = ({ file, path }) => !unsound.has(placeOf(file, path))
  const site = plant && select(plant, 'site')[0]?.value
  return [
    ...ofShape,
    ...(plant ? checkPlantFile(plant, isSound) : []),
    ...checkMachines(machines, typeof site === 'string' ? site : undefined, kinds, isSound),
  ]
}

function isReadable(file: YamlFile): boolean {
  return file.problems.length === 0
}

/** The schema of a file's connector; without that part when the connector is not known. */
function schemaFor(kinds: Kinds, file: YamlFile): TSchema {
  const named = select(file, 'connector')[0]?.value
  const isKnown = typeof named === 'string' && Object.hasOwn(kinds.connectors, named)
  return machineSchema(kinds, isKnown ? named : undefined)
}

/** The same file, which notes where a problem is told: the value there, and all that it stands in, is not sound. */
function remembering(file: YamlFile, unsound: Set<string>): YamlFile {
  return {
    ...file,
    problem(path, ...told) {
      for (let length = 0; length <= path.length; length++) unsound.add(placeOf(file, path.slice(0, length)))
      return file.problem(path, ...told)
    },
  }
}

function placeOf({ name }: YamlFile, path: Path): string {
  return `${name}:${pathText(path)}`
}
