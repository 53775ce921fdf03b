import { nearest } from '../model/nearest.ts'
import { type Given, resolveParameters } from './parameters.ts'
import { filled } from './placeholder.ts'
import type { Path, PlantProblem } from './problem.ts'
import { below, type Found } from './select.ts'
import type { Table, TableRow } from './table.ts'
import type { Template } from './template.ts'
import type { YamlFile } from './yaml.ts'

/** What the entries of a machine's assets may name. */
export type Sources = {
  readonly templates: ReadonlyMap<string, Template>
  /** By the name of the file in `tables/`. */
  readonly tables: ReadonlyMap<string, Table>
}

/** One asset as it goes into the check, and from where its parts come. */
export type Expanded = {
  readonly value: unknown
  /** Of its entry in the machine's file. */
  readonly path: Path
  /** Absent: written out as it is. */
  readonly made?: {
    readonly from: YamlFile
    readonly tags: number
    readonly signals: number
    readonly row?: TableRow
  }
}

export type Expansion = { readonly assets: readonly Expanded[]; readonly problems: readonly PlantProblem[] }

type Entry = Readonly<Record<string, unknown>>

/** The assets that one entry stands for: itself, an instance, or one instance a row of its table. */
export function expandEntry(found: Found, sources: Sources): Expansion {
  const { file, path, value } = found
  if (!isMapping(value)) return { assets: [{ value, path }], problems: [] }
  const names = ['with', 'table'].filter(key => value[key] !== undefined)
  if (value.template === undefined) {
    const problems = names.map(key =>
      file.problem([...path, key], `"${key}" goes with "template"`, { at: 'key' }),
    )
    return { assets: [{ value, path }], problems }
  }
  const template = sources.templates.get(String(value.template))
  if (template === undefined) return refused(noSuch(found, 'template', [...sources.templates.keys()]))
  if (template.value === undefined) return { assets: [], problems: [] }
  if (value.table === undefined) return instance(found, value, template)
  const table = sources.tables.get(String(value.table))
  if (table === undefined) return refused(noSuch(found, 'table', [...sources.tables.keys()]))
  return rows(found, value, template, table)
}

function refused(problem: PlantProblem): Expansion {
  return { assets: [], problems: [problem] }
}

function noSuch({ file, path, value }: Found, key: 'template' | 'table', known: readonly string[]) {
  const written = String((value as Entry)[key])
  const where = key === 'template' ? 'templates/' : 'tables/'
  const suggestion = nearest(written, known)
  const list = suggestion === undefined && known.length > 0 ? `; there are ${known.join(', ')}` : ''
  const message = `there is no ${key} "${written}" in ${where}${list}`
  return file.problem([...path, key], message, { suggestion })
}

function rows(found: Found, entry: Entry, template: Template, table: Table): Expansion {
  const { file, path } = found
  const twice = ['id', 'name', 'description'].filter(key => entry[key] !== undefined)
  const problems = [
    ...tooMany(found, template, table),
    ...twice.map(key => file.problem([...path, key], `"${key}" comes from the table's rows`, { at: 'key' })),
    ...checkColumns(template, table),
  ]
  if (problems.length > 0) return { assets: [], problems }
  const expansions = table.rows.map(row => instance(found, entry, template, row))
  return {
    assets: expansions.flatMap(({ assets }) => assets),
    problems: expansions.flatMap(one => one.problems),
  }
}

/** No controller has more; bounds the work on tables that are there by mistake. */
const mostTags = 50_000

function tooMany({ file, path }: Found, { value }: Template, { rows }: Table): PlantProblem[] {
  const tags = rows.length * Math.max((value?.tags.length ?? 0) + (value?.signals.length ?? 0), 1)
  if (tags <= mostTags) return []
  return [
    file.problem([...path, 'table'], `would make ${tags} tags and signals; at most ${mostTags} are made`),
  ]
}

const ownColumns = ['id', 'name', 'description']

function checkColumns(template: Template, { columns }: Table): PlantProblem[] {
  const known = [...ownColumns, ...Object.keys(template.value?.parameters ?? {})]
  return columns
    .filter(({ value }) => !known.includes(String(value)))
    .map(column => {
      const suggestion = nearest(String(column.value), known)
      const list = suggestion === undefined ? `; known here: ${known.join(', ')}` : ''
      return column.problem(`unknown column "${column.value}"${list}`, { suggestion })
    })
}

function instance(found: Found, entry: Entry, template: Template, row?: TableRow): Expansion {
  const { file, path } = found
  const given = new Map([...givenBy(found), ...(row?.cells ?? [])])
  for (const key of ownColumns) given.delete(key)
  const missing: Given['problem'] = (message, options) => {
    const at = entry.with === undefined ? 'template' : 'with'
    return row?.problem(message) ?? file.problem([...path, at], message, options)
  }
  const { values, problems } = resolveParameters(template, given, missing)
  if (problems.length > 0 || template.value === undefined) return { assets: [], problems }
  const { name, description, tags, signals } = template.value
  const own = { ...entry, ...ownCells(row) }
  const value = {
    ...(filled({ name, description }, values) as object),
    ...own,
    tags: joined(filled(tags, values), entry.tags),
    signals: joined(filled(signals, values), entry.signals),
  }
  const made = { from: template.file, tags: tags.length, signals: signals.length, ...(row && { row }) }
  return { assets: [{ value: defined(value), path, made }], problems }
}

/** The parameters that the entry itself gives; what is no mapping the schema tells. */
function givenBy(found: Found): [string, Given][] {
  const [parameters] = below(found, 'with')
  if (!isMapping(parameters?.value)) return []
  return Object.entries(parameters.value).map(([name, value]) => {
    const path = [...parameters.path, name]
    return [name, { value, problem: (message, options) => found.file.problem(path, message, options) }]
  })
}

function ownCells(row: TableRow | undefined): Record<string, string> {
  const cells = ownColumns.flatMap(key => {
    const cell = row?.cells.get(key)
    return cell ? [[key, cell.value]] : []
  })
  return Object.fromEntries(cells)
}

/** Something else than a list stays as it is: the schema tells. */
function joined(fromTemplate: unknown, own: unknown): unknown {
  if (own === undefined) return fromTemplate
  return Array.isArray(own) ? [...(fromTemplate as unknown[]), ...own] : own
}

function defined(entry: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))
}

function isMapping(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
