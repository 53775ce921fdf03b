/** `npm run bench -- SUITE [PART ...]`: measures, shows a table, or with `--json` an array of rows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command } from 'commander'
import { openProgress } from '../runtime/progress.ts'
import type { Row } from './row.ts'

/** A folder may also hold what its parts share. */
const exportsMeasure = (file: string) =>
  /^export (async )?function measure\b/m.test(readFileSync(file, 'utf8'))

type Part = { readonly name: string; readonly file: string }

/** A suite is a folder of parts, or one file; each exports `measure(): Promise<Row[]>`. */
const suites = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter(entry =>
    entry.isDirectory() ? entry.name !== 'peers' : !['main.ts', 'row.ts'].includes(entry.name),
  )
  .filter(entry => entry.isDirectory() || entry.name.endsWith('.ts'))
  .map(entry => basename(entry.name, '.ts'))

const partsOf = (suite: string): Part[] => {
  const file = join(import.meta.dirname, `${suite}.ts`)
  if (existsSync(file)) return [{ name: suite, file }]
  return readdirSync(join(import.meta.dirname, suite))
    .filter(name => name.endsWith('.ts') && exportsMeasure(join(import.meta.dirname, suite, name)))
    .map(name => ({ name: basename(name, '.ts'), file: join(import.meta.dirname, suite, name) }))
}

new Command('bench')
  .description('Measures side by side with what others made; figures of one run compare with each other.')
  .argument('<suite>', suites.join(', '))
  .argument('[parts...]', 'some parts of the suite; left out: all')
  .option('--json', 'an array of { name, value, unit, goal, met }')
  .action(async (suite: string, wanted: string[], { json }: { json?: boolean }) => {
    if (!suites.includes(suite)) throw new Error(`no suite "${suite}": ${suites.join(', ')}`)
    const parts = partsOf(suite)
    const unknown = wanted.find(name => !parts.some(part => part.name === name))
    if (unknown)
      throw new Error(`no part "${unknown}" in ${suite}: ${parts.map(({ name }) => name).join(', ')}`)
    const rows = await measureAll(parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
    console.log(json ? JSON.stringify(rows) : table(rows).join('\n'))
  })
  .parseAsync()
  .catch((error: Error) => {
    console.error(`bench: ${error.message}`)
    process.exitCode = 1
  })

/** One part after the other: each needs the machine for itself. */
async function measureAll(parts: readonly Part[]): Promise<Row[]> {
  const progress = openProgress(process.stderr)
  const rows: Row[] = []
  for (const { name, file } of parts) {
    const { measure } = (await import(pathToFileURL(file).href)) as { measure(): Promise<Row[]> }
    rows.push(...(await progress.step(name, measure)))
  }
  return rows
}

function table(rows: readonly Row[]): string[] {
  const cells = rows.map(({ name, value, unit, goal, met }) => [
    name,
    shown(value),
    unit,
    goal === undefined ? '' : shown(goal),
    met === undefined ? '' : met ? 'met' : 'not met',
  ])
  const all = [['what', 'measured', 'unit', 'goal', ''], ...cells]
  const widths = all[0]!.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  return all.map(row =>
    row
      .map((cell, i) => (i === 1 || i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

const shown = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 4 })
