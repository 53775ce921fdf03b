import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileProblem, type PlantProblem } from './problem.ts'
import { parseYaml, type YamlFile } from './yaml.ts'

/** The bytes of a plant folder's files, by name from the folder. */
export type FolderBytes = {
  readonly dir: string
  /** `plant.yaml`, `machines/*.yaml`, `templates/*.yaml` and `tables/*.csv`, in the same order on every server. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** What could not be read. */
  readonly problems: readonly PlantProblem[]
}

/** A plant folder as parsed, before its check. */
export type PlantFolder = FolderBytes & {
  readonly plant: YamlFile | undefined
  readonly machines: readonly YamlFile[]
  readonly templates: readonly YamlFile[]
  /** By name from the folder. */
  readonly tables: ReadonlyMap<string, Uint8Array>
}

/** Never rejects. */
export async function readFolder(dir: string): Promise<FolderBytes> {
  const files = new Map<string, Uint8Array>()
  const problems: PlantProblem[] = []
  const take = async <T>(name: string, reading: Promise<T>): Promise<T | undefined> => {
    try {
      return await reading
    } catch (error) {
      problems.push(fileProblem(name, refusalOf(error)))
      return undefined
    }
  }
  const top = await take('.', readdir(dir))
  if (top === undefined) return { dir, files, problems }
  const namesIn = async (name: string) =>
    top.includes(name) ? await take(name, readdir(join(dir, name))) : []
  const machines = await namesIn('machines')
  const templates = (await namesIn('templates')) ?? []
  const tables = (await namesIn('tables')) ?? []
  problems.push(...misnamed('machines', machines ?? []), ...misnamed('templates', templates))
  if (machines?.length === 0)
    problems.push(fileProblem('machines', 'is missing or empty: a machine is declared in machines/NAME.yaml'))
  const read = [
    ...filesOf('machines', machines ?? [], '.yaml'),
    ...filesOf('templates', templates, '.yaml'),
    ...filesOf('tables', tables, '.csv'),
  ]
  for (const name of ['plant.yaml', ...read]) {
    const bytes = await take(name, readFile(join(dir, name)))
    if (bytes) files.set(name, bytes)
  }
  return { dir, files, problems }
}

export function parseFolder(folder: FolderBytes): PlantFolder {
  const files = [...folder.files]
  const parsed = files
    .filter(([name]) => name.endsWith('.yaml'))
    .map(([name, bytes]) => parseYaml(name, bytes))
  return {
    ...folder,
    problems: [...folder.problems, ...parsed.flatMap(({ problems }) => problems)],
    plant: parsed.find(({ name }) => name === 'plant.yaml'),
    machines: parsed.filter(({ name }) => name.startsWith('machines/')),
    templates: parsed.filter(({ name }) => name.startsWith('templates/')),
    tables: new Map(files.filter(([name]) => name.endsWith('.csv'))),
  }
}

/** Sorted by code unit, which is the same on every server. */
function filesOf(folder: string, names: readonly string[], extension: string): string[] {
  return names
    .filter(name => name.endsWith(extension))
    .map(name => `${folder}/${name}`)
    .sort()
}

function misnamed(folder: string, names: readonly string[]): PlantProblem[] {
  return names
    .filter(name => name.endsWith('.yml'))
    .map(name =>
      fileProblem(`${folder}/${name}`, 'is not read: it must end in .yaml', name.replace(/\.yml$/, '.yaml')),
    )
}

function refusalOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
      return 'does not exist'
    case 'ENOTDIR':
      return 'is not a folder'
    case 'EISDIR':
      return 'is a folder, and should be a file'
    case 'EACCES':
    case 'EPERM':
      return 'cannot be read: permission denied'
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
