import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { CsvError, parse } from 'csv-parse'
import { csvOptions, delimiterOf } from '../../model/csv.ts'
import { MillraceError, status, type Value } from '../../model/index.ts'
import type { Options } from './options.ts'
import type { Frame, Reading } from './recording.ts'
import { timeOf } from './time.ts'

type Row = { readonly record: readonly string[]; readonly info: { readonly lines: number } }

/** A row a frame: its time, and a reading a filled cell. An empty cell is no reading; `NaN` is a bad one. */
export async function* csvFrames(path: string, options: Options): AsyncGenerator<Frame> {
  const delimiter = delimiterOf(await firstLine(path))
  let header: readonly string[] | undefined
  let timeAt = 0
  for await (const { record, info } of rowsOf(path, delimiter)) {
    if (header === undefined) {
      header = record
      timeAt = timeColumn(path, header, options)
      continue
    }
    const t = timeOf(record[timeAt] ?? '', options.timeUnit)
    if (t === undefined) throw notATime(path, info.lines, header[timeAt], record[timeAt])
    const readings = header.flatMap((name, i) => {
      const text = record[i] ?? ''
      return i === timeAt || text === '' || name === '' ? [] : [readingOf(name, t, text, delimiter)]
    })
    if (readings.length > 0) yield { t, readings }
  }
}

function readingOf(name: string, t: number, text: string, delimiter: string): Reading {
  if (/^nan$/i.test(text)) return { name, t, value: null, status: status.bad }
  return { name, t, value: valueOfCell(text, delimiter), status: status.good }
}

/** Numbers, true and false, and what is left is text. A decimal comma counts where it does not part cells. */
export function valueOfCell(text: string, delimiter: string): Value {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d{16,}$/.test(text)) return BigInt(text)
  const plain = delimiter !== ',' && /^[+-]?\d+,\d+$/.test(text) ? text.replace(',', '.') : text
  const number = Number(plain)
  return Number.isFinite(number) ? number : text
}

function timeColumn(path: string, header: readonly string[], { timeColumn }: Options): number {
  const at = timeColumn === undefined ? 0 : header.indexOf(timeColumn)
  if (at >= 0) return at
  throw new MillraceError('bad-payload', `${path} has no column "${timeColumn}"`, {
    hint: `Its columns are ${header.join(', ')}`,
  })
}

function notATime(path: string, line: number, column = '', text = '') {
  return new MillraceError('bad-payload', `${path}:${line}: "${text}" in column "${column}" is not a time`, {
    hint: 'Write ISO 8601 or a number since 1970; timeColumn and timeUnit say which',
  })
}

async function firstLine(path: string): Promise<string> {
  const stream = createReadStream(path)
  try {
    for await (const line of createInterface({ input: stream })) if (line.trim() !== '') return line
    return ''
  } finally {
    stream.destroy()
  }
}

async function* rowsOf(path: string, delimiter: string): AsyncGenerator<Row> {
  const parser = parse({ ...csvOptions(delimiter), bom: true })
  const stream = createReadStream(path)
  stream.on('error', error => parser.destroy(error))
  try {
    for await (const row of stream.pipe(parser)) yield row as Row
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const message = `${path}:${String(error.lines ?? '?')} cannot be read as CSV: ${error.message}`
    throw new MillraceError('bad-payload', message, { cause: error })
  } finally {
    stream.destroy()
  }
}
