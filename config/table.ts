import { type Csv, type CsvRow, readCsv } from '../model/csv.ts'
import { coded } from '../model/index.ts'
import type { Given } from './parameters.ts'
import { fileProblem, type PlantProblem } from './problem.ts'

/** One row of a table of instances: what stands in it under each column's name. An empty cell counts as not there. */
export type TableRow = {
  readonly cells: ReadonlyMap<string, Given & { readonly value: string }>
  /** `tables/presses.csv:3` */
  readonly place: string
  /** A problem of the row as a whole. */
  problem(message: string): PlantProblem
}

export type Table = {
  readonly columns: readonly Given[]
  readonly rows: readonly TableRow[]
  readonly problems: readonly PlantProblem[]
}

/** As with the plant's other files. */
const mostBytes = 4 * 1024 * 1024

/** Never throws. @param name `tables/presses.csv` */
export function readTable(name: string, bytes: Uint8Array): Table {
  if (bytes.length > mostBytes) {
    const message = `has ${bytes.length} bytes; at most ${mostBytes} are read`
    return { columns: [], rows: [], problems: [fileProblem(name, message)] }
  }
  try {
    const csv = readCsv(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const rows = csv.rows.map(row => rowOf(name, csv, row))
    const columns = csv.header.cells.map((value, i) => cell(name, csv, csv.header, i, value))
    const empty = rows.length === 0 ? [fileProblem(name, 'has no rows')] : []
    return { columns, rows, problems: [...empty, ...csv.rows.flatMap(row => tooLong(name, csv, row))] }
  } catch (thrown) {
    const notText = thrown instanceof TypeError
    const message = notText
      ? 'is not UTF-8 text: save it as "CSV UTF-8"'
      : coded(thrown, 'bad-payload', 'cannot be read').explanation
    return { columns: [], rows: [], problems: [fileProblem(name, message)] }
  }
}

function rowOf(name: string, csv: Csv, row: CsvRow): TableRow {
  const cells = csv.header.cells.flatMap((column, i): [string, Given & { value: string }][] => {
    const value = row.cells[i]
    return value ? [[column, cell(name, csv, row, i, value)]] : []
  })
  return {
    cells: new Map(cells),
    place: `${name}:${row.line}`,
    problem: message => problemAt(name, csv, row, 0, message),
  }
}

function cell(name: string, csv: Csv, row: CsvRow, index: number, value: string) {
  const problem: Given['problem'] = (message, options = {}) =>
    problemAt(name, csv, row, index, message, options.suggestion)
  return { value, problem }
}

function tooLong(name: string, csv: Csv, row: CsvRow): PlantProblem[] {
  const { length } = csv.header.cells
  const more = row.cells.slice(length).some(text => text !== '')
  return more ? [problemAt(name, csv, row, length, `has more cells than the header's ${length}`)] : []
}

function problemAt(
  name: string,
  csv: Csv,
  row: CsvRow,
  index: number,
  message: string,
  suggestion?: string,
): PlantProblem {
  return {
    file: name,
    line: row.line,
    column: csv.columnOf(row, index),
    path: csv.header.cells[index] ?? '',
    message,
    ...(suggestion !== undefined && { suggestion }),
    sourceLine: csv.textOf(row),
  }
}
