/** A backtest for a person. */
import { describePlant, type Plant } from '../../config/plant.ts'
import type { Micros } from '../../model/index.ts'
import type { Change, DifferenceRow, Sample } from './difference.ts'
import type { Period, Tally } from './job.ts'

export function tallyText(plant: Plant, { fromMs, toMs }: Period, tally: Tally, seconds: number): string[] {
  const { samples, blocks, unreadable, firstUnreadable, removed, results } = tally
  const rate = seconds > 0 ? ` (${count(Math.round(samples / seconds))}/s)` : ''
  const waveforms = blocks > 0 ? ` and ${count(blocks)} waveforms` : ''
  const told = Object.entries(results).map(([topic, records]) => `${count(records)} ${topic}`)
  return [
    describePlant(plant),
    `${moment(fromMs, 'the beginning')} to ${moment(toMs, 'the end')}: ${count(samples)} samples${waveforms} in ${seconds.toFixed(1)} s${rate}`,
    ...(unreadable > 0 ? [`! ${count(unreadable)} records could not be read, first ${firstUnreadable}`] : []),
    ...(removed > 0
      ? [`! ${count(removed)} offsets of the history were removed by retention: the results lack them`]
      : []),
    `would have given ${told.join(', ') || 'nothing'}:`,
  ]
}

/** Alarms before signals: they are what somebody is called for. */
export function differenceText(rows: readonly DifferenceRow[]): string[] {
  const differing = rows.filter(row => row.added + row.gone + row.changed > 0)
  if (differing.length === 0) return ['No difference to what was.']
  const ordered = [
    ...differing.filter(({ topic }) => topic === 'alarm-events'),
    ...differing.filter(({ topic }) => topic === 'signals'),
  ]
  return [...table(ordered), '', ...ordered.flatMap(samplesOf)]
}

const head = [
  'what',
  'asset',
  'signal',
  'was',
  'would be',
  'added',
  'gone',
  'changed',
  'judged otherwise',
  'first',
]
const leftAligned = 3

function table(rows: readonly DifferenceRow[]): string[] {
  const cells = [head, ...rows.map(cellsOf)]
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]!.length)))
  return cells.map(row =>
    row
      .map((cell, i) => (i < leftAligned ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

function cellsOf(row: DifferenceRow): string[] {
  const { topic, asset, signal, was, wouldBe, added, gone, changed, judgedOtherwise, first } = row
  const counts = [was, wouldBe, added, gone, changed, judgedOtherwise].map(count)
  return [topic, asset, signal, ...counts, first === null ? '' : time(first)]
}

const marks = { added: '+', gone: '-', changed: '~' } as const

function samplesOf({ topic, asset, signal, samples }: DifferenceRow): string[] {
  const lines = (Object.keys(marks) as Change[]).flatMap(change =>
    samples[change].map(sample => `  ${marks[change]} ${time(sample.t)} ${told(sample)}`),
  )
  return [`${topic} ${asset} ${signal}`, ...lines]
}

function told({ was, wouldBe }: Sample): string {
  if (was !== undefined && wouldBe !== undefined) return `was ${was} | would be ${wouldBe}`
  return was ?? wouldBe ?? ''
}

const count = (value: number): string => value.toLocaleString('en')

/** ISO 8601 where the time is within a Date's range. */
function time(t: Micros): string {
  const date = new Date(t / 1_000)
  return Number.isNaN(date.getTime()) ? `${t} µs` : date.toISOString()
}

const moment = (ms: number, otherwise: string): string =>
  Number.isFinite(ms) ? new Date(ms).toISOString() : otherwise
