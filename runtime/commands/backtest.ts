import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { loadPlant } from '../../config/load.ts'
import type { Plant } from '../../config/plant.ts'
import { MillraceError } from '../../model/index.ts'
import type { DifferenceRow } from '../backtest/difference.ts'
import { isLines } from '../backtest/file-history.ts'
import type { FileInput, Period, Place, Tally } from '../backtest/job.ts'
import { durationMs, momentMs } from '../backtest/period.ts'
import { differenceText, tallyText } from '../backtest/render.ts'
import { type BacktestResult, runBacktest } from '../backtest/run.ts'
import { demoPlant } from '../layout.ts'
import { optionList } from '../option-list.ts'
import { type PlantAt, type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { openProgress } from '../progress.ts'

export type BacktestCommandOptions = PlantOptions & {
  from?: string
  to?: string
  warmUp: string
  config?: string
  files?: string[]
  as?: string
  option?: string[]
  aggregates?: boolean
  diff?: boolean
  was?: string[]
  out: string
  threads?: number
  json?: boolean
}

const results = ['signals', 'alarm-events']
const aggregates = ['aggregates-1s', 'aggregates-1m', 'aggregates-1h']

/** What is younger may not have become a result yet, ms. */
const settledMs = 10_000

/** Plays history through the processors of a plant folder, and tells what would have been otherwise. */
export async function backtest(options: BacktestCommandOptions): Promise<void> {
  const { config, files, was, diff, plant: dir } = options
  const period = periodOf(options)
  const needsPlant = !files || (diff && !was)
  const running = needsPlant ? await runningPlantAt(options) : undefined
  const plant = await loadPlant(config ?? running?.layout.plantDir ?? dir ?? demoPlant)
  if (running) requireSamePlaces(plant, running.plant)
  const history: Place = files ? { kind: 'files', files: inputsOf(files, options) } : ofKafka(running!)
  const before = was ? filesOf(was) : diff ? ofKafka(running!) : undefined
  const played = await openProgress(process.stderr).step('backtest', note =>
    runBacktest({
      plant,
      threads: options.threads ?? availableParallelism(),
      period,
      warmUpMs: warmUpOf(options),
      topics: [...results, ...(options.aggregates ? aggregates : [])],
      outDir: resolve(options.out),
      history,
      ...(before && { was: before }),
      onTally: tally => note(progressText(tally, period)),
    }),
  )
  if (options.json) console.log(JSON.stringify(asJson(plant, period, played)))
  else console.log(toldOf(plant, period, played, before !== undefined))
}

/** What may read all and write nothing. */
const ofKafka = ({ connection }: PlantAt): Place => ({
  kind: 'kafka',
  connection: { ...connection('operator'), clientId: 'backtest' },
})

const filesOf = (paths: readonly string[]): Place => ({
  kind: 'files',
  files: paths.map(path => ({ path: resolve(path), options: {} })),
})

function inputsOf(paths: readonly string[], { as, option }: BacktestCommandOptions): FileInput[] {
  return paths.map(path => ({
    path: resolve(path),
    ...(as !== undefined && !isLines({ path, options: {} }) && { asset: as }),
    options: optionList(option),
  }))
}

/** Files are played from their beginning where nothing is said; Kafka keeps too much for that. */
function periodOf({ from, to, files }: BacktestCommandOptions): Period {
  const nowMs = Date.now()
  if (from === undefined && !files)
    throw new MillraceError('config-invalid', '--from is missing', {
      hint: 'Write for instance --from 30d, or --from 2026-03-01T06:00:00Z --to 2026-03-02',
    })
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : momentMs('--from', from, nowMs)
  const toMs =
    to === undefined ? (files ? Number.POSITIVE_INFINITY : nowMs - settledMs) : momentMs('--to', to, nowMs)
  if (fromMs < toMs) return { fromMs, toMs }
  throw new MillraceError('config-invalid', `--from ${from} is not before --to ${to ?? 'ten seconds ago'}`)
}

function warmUpOf({ warmUp }: BacktestCommandOptions): number {
  const ms = durationMs(warmUp)
  if (ms !== undefined) return ms
  throw new MillraceError('config-invalid', `--warm-up "${warmUp}" is not understood`, {
    hint: 'Write 0s, 10m, 2h or 1d',
  })
}

/** Partition and line of a record were decided when it was written. */
function requireSamePlaces(tried: Plant, running: Plant): void {
  if (tried.partitions === running.partitions && tried.site === running.site) return
  throw new MillraceError(
    'config-invalid',
    `${tried.dir} is of site ${tried.site} with ${tried.partitions} partitions, what runs of ${running.site} with ${running.partitions}`,
    { hint: 'Try a copy of the folder of the plant that runs' },
  )
}

function progressText(tally: Tally, { fromMs, toMs }: Period): string {
  const share = (tally.reachedMs - fromMs) / (toMs - fromMs)
  const percent = Number.isFinite(share) ? `, ${Math.max(0, Math.min(100, Math.round(share * 100)))} %` : ''
  return `${tally.samples.toLocaleString('en')} samples${percent}`
}

function toldOf(
  plant: Plant,
  period: Period,
  { tally, files, difference, seconds }: BacktestResult,
  isCompared: boolean,
): string {
  const lines = [...tallyText(plant, period, tally, seconds), ...files.map(file => `  ${file}`)]
  return [...lines, ...(isCompared ? ['', ...differenceText(difference)] : [])].join('\n')
}

function asJson(
  { name, hash }: Plant,
  period: Period,
  { tally, files, difference, seconds }: BacktestResult,
) {
  const time = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString() : null)
  const changes = (row: DifferenceRow) => row.added + row.gone + row.changed
  return {
    plant: name,
    plantHash: hash,
    from: time(period.fromMs),
    to: time(period.toMs),
    ...tally,
    seconds,
    files,
    differences: difference.reduce((sum, row) => sum + changes(row), 0),
    difference,
  }
}
