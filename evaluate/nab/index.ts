import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readCsv } from '../../model/csv.ts'
import { MillraceError } from '../../model/index.ts'
import type { SignalSpec } from '../../processors/contract.ts'
import { play, tagNamed } from '../playing.ts'
import type { Places, Score, Suite } from '../suite.ts'
import { type Detections, nabScore } from './score.ts'

/** One for all files: nothing is set but that every row is told. */
const spec: SignalSpec = { processor: 'anomaly', name: 'anomaly', tags: ['value'], everyMs: 0 }

/** The Numenta Anomaly Benchmark: `<group>/<file>.csv` with score and alarms, and the score of the alarms. */
export const nab: Suite = {
  name: 'nab',
  summary: 'Anomalies of single series (Numenta Anomaly Benchmark)',
  recordings: 'folder with data/<group>/<file>.csv and combined_windows.json',
  async run({ data, out }: Places, _, progress): Promise<readonly Score[]> {
    const names = filesIn(join(data, 'data'))
    const found: Played[] = []
    await progress.step(`${names.length} files`, async note => {
      for (const name of names) {
        note(name)
        found.push(detect(join(data, 'data', name), join(out, name), name))
      }
    })
    return scoresOf(found, join(data, 'combined_windows.json'))
  },
}

type Played = { readonly name: string; readonly times: readonly number[]; readonly rows: readonly number[] }

function filesIn(folder: string): string[] {
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.csv'))
    : []
  if (files.length > 0) return files.sort()
  throw new MillraceError('config-invalid', `no recordings in ${folder}`, {
    hint: 'Give --data the folder that holds data/<group>/<file>.csv',
  })
}

/** Writes a row for every row of the file; a row that is not known has the score 0. */
function detect(file: string, to: string, name: string): Played {
  const { rows } = readCsv(readFileSync(file, 'utf8'))
  const series = rows.map(({ cells }) => ({ t: micros(cells[0]!, file), values: [number(cells[1])] }))
  const lines = ['timestamp,value,anomaly_score,alarm']
  const alarms: number[] = []
  let raised = false
  let row = 0
  for (const signal of play([tagNamed('value')], spec, series)) {
    const begins = signal?.verdict === 'warning' && !raised
    raised = signal?.verdict === 'warning'
    if (begins) alarms.push(row)
    const [timestamp, value] = rows[row]!.cells
    lines.push(`${timestamp},${value},${(signal?.value ?? 0).toFixed(6)},${begins ? 1 : 0}`)
    row++
  }
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, `${lines.join('\n')}\n`)
  return { name, times: series.map(({ t }) => t), rows: alarms }
}

function scoresOf(played: readonly Played[], windowsFile: string): Score[] {
  const alarms = played.reduce((sum, { rows }) => sum + rows.length, 0)
  const told = { name: 'NAB alarms', value: alarms, unit: `in ${played.length} files` }
  if (!existsSync(windowsFile)) return [told]
  const all = JSON.parse(readFileSync(windowsFile, 'utf8')) as Record<string, [string, string][]>
  const detections: Detections[] = played.map(one => ({
    ...one,
    windows: (all[one.name] ?? []).map(
      ([from, to]) => [micros(from, windowsFile), micros(to, windowsFile)] as const,
    ),
  }))
  const value = nabScore(detections)
  const half = (rest: number) => nabScore(detections.filter((_, i) => i % 2 === rest))
  return [
    { name: 'NAB, standard profile', value, goal: '> 55', met: value > 55 },
    { name: 'NAB, every other file from the first', value: half(0) },
    { name: 'NAB, every other file from the second', value: half(1) },
    told,
  ]
}

/** Times as the benchmark writes them, taken for UTC. */
function micros(text: string, file: string): number {
  const ms = Date.parse(`${text.replace(' ', 'T').slice(0, 19)}Z`)
  if (!Number.isNaN(ms)) return ms * 1_000
  throw new MillraceError('bad-payload', `${file}: "${text}" is no time`, {
    hint: 'Times are YYYY-MM-DD hh:mm:ss',
  })
}

/** What is no number stays as it is: the processor says "not known". */
function number(text: string | undefined): number | string {
  const value = Number(text)
  return text !== undefined && text !== '' && Number.isFinite(value) ? value : (text ?? '')
}
