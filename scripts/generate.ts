/**
 * Writes what is generated and kept: the reference page and option tables of the configuration, the table of topics, and the
 * JSON Schemas of the records, as they are and, once, as they are first. `--check` writes nothing, and exits 1 when a file differs from what would be written.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TSchema } from 'typebox'
import { builtIn } from '../config/kinds.ts'
import { optionTable, referencePage } from '../config/reference.ts'
import { topicReference } from '../edge-broker/reference.ts'
import {
  Activation,
  Aggregate,
  Alarm,
  Label,
  LedgerEntry,
  ModelChoice,
  Part,
  ServiceEntry,
  ShedEntry,
  Signal,
  TelemetryRecord,
  TrainedModel,
} from '../model/index.ts'
import { ReplicationEntry } from '../replicator/entry.ts'

const root = join(import.meta.dirname, '..')

/** Records that are published as JSON; their `$id` is the file's name. */
export const recordSchemas = [
  TelemetryRecord,
  Aggregate,
  Signal,
  Alarm,
  Part,
  LedgerEntry,
  ReplicationEntry,
  ServiceEntry,
  ShedEntry,
  Activation,
  TrainedModel,
  ModelChoice,
  Label,
] as const

/** Every generated file, by its path from the project's root, as it should be. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>([['docs/reference/configuration.md', referencePage(builtIn)]])
  for (const schema of recordSchemas) {
    files.set(`docs/schemas/${idOf(schema)}.json`, schemaText(schema))
    const first = `docs/schemas/first/${idOf(schema)}.json`
    if (current(first) === undefined) files.set(first, schemaText(schema)) // what was released never changes
  }
  for (const kind of Object.values(builtIn.connectors)) {
    const path = `connectors/${kind.kind}/README.md`
    const page = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
    const tables = { options: optionTable(kind.options), address: optionTable(kind.address) }
    if (hasTable(page)) files.set(path, withTables(page, tables))
  }
  const broker = 'edge-broker/README.md'
  files.set(broker, withTables(readFileSync(join(root, broker), 'utf8'), { topics: topicReference() }))
  return new Map([...files].map(([path, text]) => [path, formatted(path, text)]))
}

/** Paths of the generated files that are not as they should be. */
export function driftedFiles(): string[] {
  return [...generatedFiles()].filter(([path, text]) => current(path) !== text).map(([path]) => path)
}

export function idOf(schema: TSchema): string {
  return (schema as { $id?: string }).$id ?? ''
}

function schemaText(schema: TSchema): string {
  return JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }, null, 2)
}

/** As the formatter of the project wants it, so that its check and this one never disagree. */
function formatted(name: string, text: string): string {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  return execFileSync(process.execPath, [biome, 'format', `--stdin-file-path=${name}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  })
}

const table = /(<!-- generated: (options|address|topics) -->\n)[\s\S]*?(<!-- \/generated -->)/g

function hasTable(page: string): boolean {
  return page.search(table) >= 0
}

/** Puts tables between `<!-- generated: options -->` (or `address`, `topics`) and `<!-- /generated -->`. */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  return page.replaceAll(table, (_, open, name, close) => `${open}${tables[name]}\n${close}`)
}

function current(path: string): string | undefined {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function write(path: string, text: string): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function main(): void {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  const drifted = driftedFiles()
  if (values.check) {
    for (const path of drifted)
      console.error(`${path} is not what scripts/generate.ts writes: run it, and commit`)
    process.exitCode = drifted.length > 0 ? 1 : 0
    return
  }
  const files = generatedFiles()
  for (const path of drifted) write(path, files.get(path)!)
  console.log(`${files.size} generated files, ${drifted.length} written`)
}

if (import.meta.main) main()
