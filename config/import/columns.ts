import { readCsv } from '../../model/csv.ts'

/** A table whose columns are asked for by name, whatever the upper and lower case, spaces and dashes in it. */
export type Columns = {
  readonly names: readonly string[]
  readonly rows: readonly { readonly line: number; cell(...names: readonly string[]): string }[]
}

/** @throws MillraceError `bad-payload` naming the line */
export function readColumns(text: string): Columns {
  const csv = readCsv(text)
  const at = new Map(csv.header.cells.map((name, i) => [plain(name), i]))
  const rows = csv.rows.map(({ line, cells }) => ({
    line,
    cell: (...names: readonly string[]) => {
      const index = names.map(name => at.get(plain(name))).find(found => found !== undefined)
      return index === undefined ? '' : (cells[index] ?? '')
    },
  }))
  return { names: csv.header.cells, rows }
}

/** Whether the first line of a text has all these columns. */
export function hasColumns(text: string, ...names: readonly string[]): boolean {
  const known = new Set(firstCells(text).map(plain))
  return names.every(name => known.has(plain(name)))
}

/** The cells of the first line that is not empty; none where it is no table. */
export function firstCells(text: string): readonly string[] {
  const [first = ''] = text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split(/\r?\n/, 1)
  try {
    return readCsv(first).header.cells
  } catch {
    return []
  }
}

export function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** A number as spreadsheets write it, with a decimal comma too; undefined for anything else. */
export function numberIn(text: string): number | undefined {
  const trimmed = text.trim()
  const dotted = /^[+-]?\d+,\d+$/.test(trimmed) ? trimmed.replace(',', '.') : trimmed
  return dotted !== '' && Number.isFinite(Number(dotted)) ? Number(dotted) : undefined
}
