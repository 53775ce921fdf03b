import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Csv, readCsv } from '../../model/csv.ts'
import { MillraceError, segmentOf } from '../../model/index.ts'
import type { SignalSpec } from '../../processors/contract.ts'
import { play, tagNamed } from '../playing.ts'
import type { Places, Score, Suite } from '../suite.ts'
import { outcomeOf, type Scored, trained } from './score.ts'

const sensors = 8

/** One for all runs; a run is 20 minutes at 1 Hz, of which the first 400 rows are learned. */
const settings = { sigmas: 6.5, learnRows: 400, smoothMs: 20_000, adaptMs: 200_000, everyMs: 0 }

/** The Skoltech water rig: `<group>/<n>.csv` with a score and whether the state is anomalous, row by row. */
export const skab: Suite = {
  name: 'skab',
  summary: 'Anomalies of eight sensors together (Skoltech Anomaly Benchmark)',
  recordings: 'folder with <group>/<n>.csv',
  async run({ data, out }: Places, _, progress): Promise<readonly Score[]> {
    const names = filesIn(data)
    const scored: Scored[] = []
    await progress.step(`${names.length} runs`, async note => {
      for (const name of names) {
        note(name)
        const file = join(data, name)
        const csv = readCsv(readFileSync(file, 'utf8'))
        const alarms = detect(csv, file, join(out, name))
        const labels = labelsOf(csv)
        if (labels !== undefined) scored.push({ name, alarms, labels })
      }
    })
    return scoresOf(scored)
  },
}

/** Runs are numbered; a folder may hold other tables too, such as one without anomalies. */
function filesIn(folder: string): string[] {
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => /[\\/]\d+\.csv$/.test(name))
    : []
  if (files.length > 0) return files.sort()
  throw new MillraceError('config-invalid', `no recordings in ${folder}`, {
    hint: 'Give --data the folder that holds <group>/<n>.csv',
  })
}

/** Reads the time and the eight sensors, nothing else: the labels stand behind them. */
function detect({ header, rows }: Csv, file: string, to: string): boolean[] {
  const names = header.cells.slice(1, 1 + sensors).map(segmentOf)
  if (names.length < sensors)
    throw new MillraceError('bad-payload', `${file} has no ${sensors} sensors`, {
      hint: 'Its columns are datetime and eight sensors, divided by semicolons',
    })
  const spec: SignalSpec = { processor: 'multivariate', name: 'together', tags: names, ...settings }
  const series = rows.map(({ cells }) => ({
    t: Date.parse(`${cells[0]!.replace(' ', 'T')}Z`) * 1_000,
    values: cells
      .slice(1, 1 + sensors)
      .map(cell => (cell === '' || Number.isNaN(Number(cell)) ? cell : Number(cell))),
  }))
  const lines = ['datetime,score,alarm']
  const alarms: boolean[] = []
  for (const signal of play(
    names.map(name => tagNamed(name)),
    spec,
    series,
  )) {
    const value = signal?.value ?? 0
    const alarm = signal?.verdict === 'warning'
    lines.push(
      `${rows[alarms.length]!.cells[0]},${(value / (value + settings.sigmas)).toFixed(6)},${alarm ? 1 : 0}`,
    )
    alarms.push(alarm)
  }
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, `${lines.join('\n')}\n`)
  return alarms
}

/** Read after the run was judged; undefined where the table has none. */
function labelsOf({ header, rows }: Csv): boolean[] | undefined {
  const column = header.cells.indexOf('anomaly')
  return column < 0 ? undefined : rows.map(({ cells }) => Number(cells[column]) === 1)
}

function scoresOf(all: readonly Scored[]): Score[] {
  const usable = all.filter(({ labels }) => !labels.slice(0, trained).includes(true))
  if (usable.length === 0)
    return [{ name: 'SKAB runs', value: all.length, unit: 'without labels to score by' }]
  const { falseAlarms, missed, found, events } = outcomeOf(usable)
  const j = 100 - falseAlarms - missed
  const leftOut = all.filter(one => !usable.includes(one)).map(({ name }) => name)
  return [
    { name: 'SKAB J = 100 - FAR - MAR', value: j, goal: '>= 45', met: j >= 45 },
    { name: 'SKAB false alarm rate', value: falseAlarms, unit: '%' },
    { name: 'SKAB missed alarm rate', value: missed, unit: '%' },
    {
      name: 'SKAB events found',
      value: found,
      unit: `of ${events}`,
      goal: 'all but one',
      met: found >= events - 1,
    },
    ...leftOut.map(name => ({ name: 'SKAB left out', value: `${name}: anomalous while it is learned` })),
  ]
}
