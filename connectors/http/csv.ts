import type { Micros, Sample, StatusCode, Tag } from '../../model/index.ts'
import { type Answer, isAnswer, refusal } from './answer.ts'
import { type Gathering, type Ground, isWrong, mostProblems, type Wrong } from './decoding.ts'
import { timeOf } from './time.ts'
import { cellValue, checkedValue, statusOf } from './value.ts'

type Cells = readonly string[]
/** Rows, the heading the first of them, and the number of the line that each ends in. */
type Table = { readonly rows: readonly Cells[]; readonly lines: readonly number[] }
/** Makes samples of one row. */
type TakeRow = (cells: Cells) => readonly (Sample | Wrong)[]

const longColumns = ['asset', 'tag', 'time', 'value', 'status'] as const
type LongColumn = (typeof longColumns)[number]

/**
 * Reads CSV with a heading: long, `asset,tag,time,value[,status]` (the asset may stand in the URL instead), or wide,
 * `time` and a column a tag, of the asset in the URL. Commas, semicolons or tabs, as the heading has them.
 */
export async function gatherCsv(text: string, gathering: Gathering): Promise<Answer | undefined> {
  const table = await tableOf(text, gathering.ground.maxSamples)
  if (isAnswer(table)) return table
  const { rows, lines } = table
  if (rows.length === 0) return refusal(400, 'bad-payload', 'the body is empty', 'GET / shows a file')
  const names = rows[0]!.map(cell => cell.trim())
  const isLong = names.includes('tag') && names.includes('value')
  const take = isLong ? longRows(names, gathering) : wideRows(names, gathering)
  if (typeof take !== 'function') {
    for (const wrong of take) gathering.add(wrong, { line: lines[0]! })
    return undefined
  }
  for (let i = 1; i < rows.length && !gathering.isOver; i++) {
    const cells = rows[i]!
    const fits = cells.length === names.length
    const found = fits ? take(cells) : [{ wrong: `${cells.length} cells under ${names.length} headings` }]
    for (const one of found) gathering.add(one, { line: lines[i]! })
  }
  return undefined
}

async function tableOf(text: string, maxSamples: number): Promise<Table | Answer> {
  const { parse } = await import('csv-parse/sync')
  const heading = text.slice(0, headingCharacters).split(/\r?\n/, 1)[0]!
  const delimiter = [',', ';', '\t'].find(mark => heading.includes(mark)) ?? ','
  const lines: number[] = []
  try {
    const rows = parse(text, {
      delimiter,
      // Told and not found out: finding out is slow in a long first line.
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      // One more than may be stored, and the heading: the rest need not be read to be refused.
      to: maxSamples + 2,
      on_record: (cells: string[], { lines: line }) => {
        lines.push(line)
        return cells
      },
    })
    return { rows, lines }
  } catch (thrown) {
    const { message } = thrown as Error
    const hint = 'Quote cells with " on both sides, and double a " within'
    return refusal(400, 'bad-payload', `the body is not CSV: ${message.slice(0, 200)}`, hint)
  }
}

/** Where the delimiter is looked for. */
const headingCharacters = 10_000

/** What is wrong with a long heading. */
function wrongHeading(names: Cells, { asset }: Ground): Wrong | undefined {
  const strange = names.find(name => !longColumns.includes(name as LongColumn))
  if (strange !== undefined) {
    return {
      wrong: `there is a column "${strange.slice(0, 40)}"`,
      hint: `Columns are ${longColumns.join(', ')}`,
      field: strange,
    }
  }
  if (new Set(names).size < names.length) return { wrong: 'a column stands there twice' }
  if (!names.includes('time')) return { wrong: 'there is no column time', hint: 'Write asset,tag,time,value' }
  if (names.includes('asset') === (asset === undefined)) return undefined
  return {
    wrong: `the asset is named ${asset === undefined ? 'nowhere' : 'twice'}`,
    hint: 'Name it once: in a column asset, or in the URL /telemetry/site/area/line/asset',
  }
}

function longRows(names: Cells, { ground, fresh }: Gathering): TakeRow | readonly Wrong[] {
  const wrong = wrongHeading(names, ground)
  if (wrong) return [wrong]
  const columns = Object.fromEntries(names.map((name, i) => [name, i])) as Partial<Record<LongColumn, number>>
  return cells => {
    const cell = (column: LongColumn) => (columns[column] === undefined ? '' : cells[columns[column]]!.trim())
    const tag = ground.tags.find(ground.asset ?? cell('asset'), cell('tag'), fresh)
    if (isWrong(tag)) return [{ ...tag, field: 'tag' }]
    const status = statusOf(cell('status'))
    if (status === undefined) {
      const hint = 'Write good, uncertain, bad or an OPC UA status code'
      return [{ wrong: `"${cell('status').slice(0, 40)}" is no status`, hint, field: 'status' }]
    }
    const timed = timeOf(cell('time'), ground.latest)
    if (isWrong(timed)) return [{ ...timed, field: 'time' }]
    return [sampleOf(tag, timed.t, status, cells[columns.value!]!, 'value')]
  }
}

function wideRows(names: Cells, { ground, fresh }: Gathering): TakeRow | readonly Wrong[] {
  const { asset, tags, latest } = ground
  const time = names.indexOf('time')
  if (time < 0) {
    return [
      { wrong: 'there is no column time', hint: 'Write time and a column a tag, or asset,tag,time,value' },
    ]
  }
  if (asset === undefined) {
    const hint = 'Post a file with a column a tag to /telemetry/site/area/line/asset'
    return [{ wrong: 'the asset is not named', hint }]
  }
  if (new Set(names).size < names.length) return [{ wrong: 'a column stands there twice' }]
  const found: (Tag | undefined)[] = []
  const unknown: Wrong[] = []
  for (const [i, field] of names.entries()) {
    const tag = i === time ? undefined : tags.find(asset, field, fresh)
    if (tag && isWrong(tag)) unknown.push({ ...tag, field })
    else found.push(tag)
    if (unknown.length >= mostProblems) break
  }
  if (unknown.length > 0) return unknown
  return cells => {
    const timed = timeOf(cells[time]!.trim(), latest)
    if (isWrong(timed)) return [{ ...timed, field: 'time' }]
    // An empty cell is a gap: tags of one file are seldom measured at the same moments.
    return found.flatMap((tag, i) =>
      tag === undefined || cells[i]!.trim() === '' ? [] : [sampleOf(tag, timed.t, 0, cells[i]!, names[i]!)],
    )
  }
}

function sampleOf(tag: Tag, t: Micros, status: StatusCode, cell: string, field: string): Sample | Wrong {
  const read = cellValue(cell)
  const value = isWrong(read) ? read : checkedValue(tag, read.value, status)
  return isWrong(value) ? { ...value, field } : { tag, t, value: value.value, status }
}
