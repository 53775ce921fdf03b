/**
 * Instances of templates become the assets they stand for before the check, which then sees nothing but assets. The
 * problems it finds go back to where their cause is written: in the template, the table, or the machine's own file.
 */
import type { PlantFolder } from './folder.ts'
import { type Expanded, expandEntry, type Sources } from './instance.ts'
import type { Path, PlantProblem } from './problem.ts'
import { select } from './select.ts'
import { readTable } from './table.ts'
import { readTemplates } from './template.ts'
import type { YamlFile } from './yaml.ts'

export type ExpandedFolder = {
  readonly machines: readonly YamlFile[]
  /** Files of which an asset is left out, because it cannot be made. */
  readonly incomplete: ReadonlySet<string>
  readonly problems: readonly PlantProblem[]
}

export function expandMachines({ machines, templates, tables }: PlantFolder): ExpandedFolder {
  const read = readTemplates(templates)
  const parsed = [...tables].map(([name, bytes]) => [name, readTable(name, bytes)] as const)
  const sources: Sources = {
    templates: read.templates,
    tables: new Map(parsed.map(([name, table]) => [name.slice('tables/'.length), table])),
  }
  const expanded = machines.map(file => expandFile(file, sources))
  return {
    machines: expanded.map(({ file }) => file),
    incomplete: new Set(expanded.flatMap(({ file, complete }) => (complete ? [] : [file.name]))),
    problems: [
      ...read.problems,
      ...parsed.flatMap(([, { problems }]) => problems),
      ...expanded.flatMap(({ problems }) => problems),
    ],
  }
}

function expandFile(file: YamlFile, sources: Sources) {
  const entries = select(file, 'assets', '*')
  const expansions = entries.map(found => expandEntry(found, sources))
  const assets = expansions.flatMap(({ assets }) => assets)
  const problems = expansions.flatMap(({ problems }) => problems)
  const complete = expansions.every(({ assets }) => assets.length > 0)
  const plain = assets.length === entries.length && assets.every(({ made }) => made === undefined)
  return { file: plain ? file : expandedFile(file, assets), problems, complete }
}

/** The file as if its instances were written out; places are found in the files that are. */
function expandedFile(file: YamlFile, assets: readonly Expanded[]): YamlFile {
  const spotOf = (path: Path): Spot => {
    const [key, index, ...rest] = path
    const asset = key === 'assets' && typeof index === 'number' ? assets[index] : undefined
    return asset ? spotIn(file, asset, rest) : { file, path }
  }
  return {
    ...file,
    value: { ...(file.value as object), assets: assets.map(({ value }) => value) },
    has(path) {
      const spot = spotOf(path)
      return spot.file.has(spot.path)
    },
    problem(path, message, options) {
      const { file: placed, path: at, instance } = spotOf(path)
      return { ...placed.problem(at, message, options), ...(instance !== undefined && { instance }) }
    },
  }
}

type Placed = Pick<YamlFile, 'has' | 'problem'>
type Spot = { readonly file: Placed; readonly path: Path; readonly instance?: string }

function spotIn(file: YamlFile, { path, made, value }: Expanded, rest: Path): Spot {
  const [key, index, ...deeper] = rest
  const entry: Spot = { file, path: [...path, ...rest] }
  if (made === undefined || key === undefined) return entry
  if (key === 'tags' || key === 'signals') {
    const instance = nameOf(file, path, value, made)
    if (typeof index !== 'number' || index < made[key]) return { file: made.from, path: rest, instance }
    return { file, path: [...path, key, index - made[key], ...deeper] }
  }
  const cell = made.row?.cells.get(String(key))
  if (made.row && cell)
    return { file: { has: () => true, problem: (_, ...told) => cell.problem(...told) }, path: [] }
  const fromTemplate = !file.has(entry.path) && made.from.has(rest)
  return fromTemplate ? { file: made.from, path: rest, instance: nameOf(file, path, value, made) } : entry
}

/** `demo/hall/line-1/press-4 (machines/press.yaml:12)` */
function nameOf(file: YamlFile, path: Path, value: unknown, { row }: NonNullable<Expanded['made']>): string {
  const { id } = value as { id?: unknown }
  const place = row?.place ?? `${file.name}:${file.problem(path, '').line}`
  return typeof id === 'string' ? `${id} (${place})` : place
}
