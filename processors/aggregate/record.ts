import { type Micros, segmentPattern, type TelemetryRecord } from '../../model/index.ts'
import type { Observed } from '../event-time/index.ts'
import { pointedAt } from '../readings.ts'
import type { Course } from './course.ts'
import { type Level, startOf } from './level.ts'
import { addPoint, newLine } from './line.ts'
import { newSeries, openAt, reopened, type Series } from './series.ts'
import { witnessWindow } from './spans.ts'
import type { AggregateState } from './state.ts'
import { addSample, type Window } from './window.ts'

/** A closed window that late samples have changed in this step, by their own count or by the value held when it began. */
export type Revised = {
  readonly tag: string
  readonly series: Series
  readonly n: number
  readonly window: Window
}

/** What samples are gathered into. */
export type Following = {
  readonly levels: readonly Level[]
  readonly courses: ReadonlyMap<string, Course>
  readonly columns: ColumnsOf
}

/** The columns of a state's last record, until one of its windows closes: the next mostly has the same tags. */
export type ColumnsOf = WeakMap<AggregateState, Columns>

type Columns = { readonly tags: readonly string[]; readonly columns: readonly (Column | undefined)[] }

/** One tag of a record. */
type Column = {
  readonly tag: string
  readonly series: Series
  readonly course: Course | undefined
  /**
   * The open window of the shortest level that its last sample went to. The way to it through the series is four reads from
   * memory, one after the other, which took longer than all that is done with a sample.
   */
  window: Window | undefined
}

type ReceivedSample = { readonly t: Micros; readonly value: unknown; readonly good: boolean }

const tagName = new RegExp(`^${segmentPattern}$`)

/** Further ahead than this beyond the limit nothing is aggregated: its window would wait for ever. */
const farthestMicros = 86_400_000_000

/**
 * Adds every sample, and lists in `revised` the closed windows that have changed. No object is made a sample.
 * `limit` is the newest source time that is believed.
 */
export function addRecord(
  state: AggregateState,
  record: TelemetryRecord,
  limit: Micros,
  following: Following,
  revised: Revised[],
): Pick<Observed, 'newest' | 'ahead'> {
  const { levels } = following
  const columns = columnsOf(state, following, record.tags)
  const samples = Math.max(record.tag.length, record.t.length, record.value.length, record.status.length)
  const watermark = state.time.watermark ?? Number.NEGATIVE_INFINITY
  const size = levels[0]!.size
  let newest = Number.NEGATIVE_INFINITY
  let ahead = Number.NEGATIVE_INFINITY
  let start = Number.NaN
  for (let i = 0; i < samples; i++) {
    const t = record.t[i]!
    const status = record.status[i]!
    const column = pointedAt(columns, record.tag[i])
    if (
      column === undefined ||
      !Number.isSafeInteger(t) ||
      !Number.isInteger(status) ||
      i >= record.value.length
    ) {
      state.losses.unreadable++
      continue
    }
    const value = record.value[i]
    const good = status >>> 30 === 0
    if (t > limit) {
      if (t > ahead) ahead = t
      if (t > limit + farthestMicros) {
        state.losses.ahead++
        continue
      }
    } else if (t > newest) newest = t
    const sameWindow = t >= start && t < start + size
    if (!sameWindow) start = startOf(t, size)
    if (start + size <= watermark) {
      addLate(state, record, levels, column, { t, value, good }, revised)
      continue
    }
    if (!sameWindow) witnessWindow(state.spans[0], start, record)
    if (column.window?.start !== start) column.window = openAt(column.series, 0, start)
    addSample(column.window, t, value, good)
    if (column.course !== undefined) follow(column, { t, value, good }, levels, watermark, revised)
  }
  return { newest, ahead }
}

/** The value that is held when a window begins is another one, where a sample comes between it and the sample before. */
function follow(
  column: Column,
  { t, value, good }: ReceivedSample,
  levels: readonly Level[],
  watermark: Micros,
  revised: Revised[],
): void {
  const { series, course } = column
  series.line ??= newLine()
  const next = addPoint(series.line, course!, t, value, good)
  if (next === undefined) return
  for (const [n, { size }] of levels.entries()) {
    const start = startOf(next[0], size)
    if (start > t) beginsOtherwise(column, n, start, start + size > watermark, revised)
  }
}

/** Given out again: at once where it is closed, and when it closes where it is open and a tick has given it out. */
function beginsOtherwise(
  column: Column,
  n: number,
  start: Micros,
  isOpen: boolean,
  revised: Revised[],
): void {
  const { open, kept } = column.series
  if (!isOpen) {
    if (kept[n]!.some(window => window[0] === start)) revisedWindow(revised, column, n, start)
    return
  }
  const window = open[n]!.find(one => one.start === start)
  if (window !== undefined && window.emitted > 0) window.given = 0
}

function columnsOf(
  state: AggregateState,
  { columns, courses }: Following,
  tags: readonly string[],
): Columns['columns'] {
  let last = columns.get(state)
  if (last?.tags !== tags) {
    last = { tags, columns: tags.map(tag => columnOf(state, courses, tag)) }
    columns.set(state, last)
  }
  return last.columns
}

function columnOf(
  { series }: AggregateState,
  courses: Following['courses'],
  tag: unknown,
): Column | undefined {
  if (typeof tag !== 'string') return undefined
  if (!Object.hasOwn(series, tag)) {
    if (!tagName.test(tag)) return undefined
    series[tag] = newSeries()
  }
  return { tag, series: series[tag]!, course: courses.get(tag), window: undefined }
}

/** A closed window has been merged already, so that every longer one up to the first open one needs the sample as well. */
function addLate(
  state: AggregateState,
  record: TelemetryRecord,
  levels: readonly Level[],
  column: Column,
  sample: ReceivedSample,
  revised: Revised[],
): void {
  const { t, value, good } = sample
  const watermark = state.time.watermark!
  for (const [n, { size, kept }] of levels.entries()) {
    const start = startOf(t, size)
    if (start + size + kept <= watermark) {
      state.losses.late[n]!++
      continue
    }
    if (n === 0 && column.course !== undefined) follow(column, sample, levels, watermark, revised)
    witnessWindow(state.spans[n]!, start, record)
    if (start + size > watermark) {
      addSample(openAt(column.series, n, start), t, value, good)
      return
    }
    const window = revisedWindow(revised, column, n, start)
    window.late++
    addSample(window, t, value, good)
  }
}

function revisedWindow(revised: Revised[], { tag, series }: Column, n: number, start: Micros): Window {
  const known = revised.find(r => r.series === series && r.n === n && r.window.start === start)
  if (known !== undefined) return known.window
  const window = reopened(series, n, start)
  revised.push({ tag, series, n, window })
  return window
}
