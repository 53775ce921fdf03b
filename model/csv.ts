import { CsvError, parse } from 'csv-parse/sync'
import { MillraceError } from './error.ts'

export type CsvRow = {
  /** Of the text, from 1; a record over several lines is told by its last one. */
  readonly line: number
  readonly cells: readonly string[]
}

export type Csv = {
  readonly header: CsvRow
  readonly rows: readonly CsvRow[]
  /** Where a cell begins in its line, from 1. */
  columnOf(row: CsvRow, cell: number): number
  textOf(row: CsvRow): string
}

const delimiters = [',', ';', '\t'] as const

/**
 * A table as spreadsheets write it (RFC 4180), its delimiter being comma, semicolon or tab, whichever its first line has
 * most of. Cells are trimmed, empty lines passed over, rows may be shorter or longer than the header.
 * @throws MillraceError `bad-payload` naming the line
 */
export function readCsv(text: string): Csv {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const delimiter = delimiterOf(lines.find(line => line.trim() !== '') ?? '')
  const [header = { line: 1, cells: [] }, ...rows] = rowsOf(lines.join('\n'), delimiter)
  const textOf = ({ line }: CsvRow) => lines[line - 1] ?? ''
  return { header, rows, textOf, columnOf: (row, cell) => columnIn(textOf(row), delimiter, cell) }
}

/** The delimiter of a table, by its first line. */
export function delimiterOf(line: string): string {
  const bare = line.replaceAll(/"[^"]*"/g, '')
  const count = (delimiter: string) => bare.split(delimiter).length
  return delimiters.toSorted((a, b) => count(b) - count(a))[0]!
}

/** Options of csv-parse for a table as readCsv() takes it. */
export const csvOptions = (delimiter: string) =>
  ({ delimiter, info: true, trim: true, relax_column_count: true, skip_empty_lines: true }) as const

function rowsOf(text: string, delimiter: string): CsvRow[] {
  try {
    const records = parse(text, csvOptions(delimiter)) as unknown as {
      record: string[]
      info: { lines: number }
    }[]
    return records.map(({ record, info }) => ({ line: info.lines, cells: record }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const message = `line ${String(error.lines ?? '?')} cannot be read as CSV: ${error.message}`
    throw new MillraceError('bad-payload', message, { cause: error })
  }
}

function columnIn(line: string, delimiter: string, cell: number): number {
  let quoted = false
  let left = cell
  for (let at = 0; at < line.length; at++) {
    if (left === 0) return at + 1
    if (line[at] === '"') quoted = !quoted
    else if (line[at] === delimiter && !quoted) left--
  }
  return left === 0 ? line.length + 1 : 1
}
