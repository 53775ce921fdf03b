import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signal } from '../model/index.ts'
import type { SignalSpec } from '../processors/index.ts'
import type { Score, Suite } from './suite.ts'
import { bytesOf, manifestIn, rigWith } from './vibration-rig.ts'

/** `manifest.json` of the recordings: `[records][samples][2]` int16, milli-g. */
export type FemtoManifest = {
  readonly fs_hz: number
  readonly runs: readonly {
    readonly bearing: string
    readonly raw: string
    readonly records?: number
    readonly life_s?: number
  }[]
}

/** Numbers of records from 0; null where there was none. */
export type Run = {
  readonly run: string
  readonly records: number
  readonly firstWarning: number | null
  readonly firstAlarm: number | null
}

const axes = ['acceleration', 'acceleration-2'] as const
const samplesARecord = 2_560
const recordEveryS = 10
const gPerCount = 0.001
/** An alarm in this first share of the life is a false one. */
const early = 0.12

/** The one configuration for all runs: the level of each axis, and its trend without an option of its own. */
const declared: readonly SignalSpec[] = axes.flatMap(tag => [
  {
    processor: 'vibration-level',
    name: `level of ${tag}`,
    tag,
    quantity: 'acceleration',
    blocks: 1,
    everyMs: 0,
  },
  { processor: 'trend', name: `trend of ${tag}`, ofSignal: `level of ${tag}` },
])

/** Plays one run, record by record: its first warning or alarm, and its first alarm, on either axis. */
export function playRun(run: string, rateHz: number, counts: Int16Array): Run {
  const rig = rigWith(declared)
  const records = Math.floor(counts.length / samplesARecord / axes.length)
  let firstWarning: number | null = null
  let firstAlarm: number | null = null
  for (let record = 0; record < records; record++) {
    const signals = axes.flatMap((axis, i) =>
      rig.block(record * recordEveryS, rateHz, axisOf(counts, record, i), axis),
    )
    const says = (...verdicts: Signal['verdict'][]) =>
      signals.some(({ processor, verdict }) => processor === 'trend' && verdicts.includes(verdict))
    if (says('warning', 'alarm')) firstWarning ??= record
    if (says('alarm')) firstAlarm ??= record
  }
  return { run, records, firstWarning, firstAlarm }
}

function axisOf(counts: Int16Array, record: number, axis: number): Float32Array {
  const start = record * samplesARecord * axes.length
  return Float32Array.from(
    { length: samplesARecord },
    (_, i) => counts[start + i * axes.length + axis]! * gPerCount,
  )
}

export const femto: Suite = {
  name: 'femto',
  summary:
    'when a bearing run to its end is warned of: alarms.csv (run,first_warning_record,first_alarm_record)',
  recordings:
    'folder with manifest.json (fs_hz, runs[]: bearing, raw) and its recordings, [records][2560][2] int16 in milli-g',
  async run({ data, out }, _given, progress) {
    const { fs_hz, runs } = manifestIn<FemtoManifest>(data, 'runs')
    const played: Run[] = []
    for (const { bearing, raw } of runs) {
      const run = () => Promise.resolve(playRun(bearing, fs_hz, new Int16Array(bytesOf(data, raw))))
      played.push(await progress.step(`run ${bearing}`, run))
    }
    const rows = played.map(one => `${one.run},${one.firstWarning ?? ''},${one.firstAlarm ?? ''}`)
    writeFileSync(
      join(out, 'alarms.csv'),
      `${['run,first_warning_record,first_alarm_record', ...rows].join('\n')}\n`,
    )
    return scoresOf(played)
  },
}

/** The end of a run is its last record: nothing else is known of it, and no label is read. */
export function scoresOf(played: readonly Run[]): Score[] {
  const alarmed = played.filter(({ firstAlarm }) => firstAlarm !== null)
  const tooEarly = alarmed.filter(({ firstAlarm, records }) => firstAlarm! < early * records)
  const leads = alarmed.map(
    ({ run, firstAlarm, records }) => `${run} ${(records - 1 - firstAlarm!) * recordEveryS} s`,
  )
  return [
    { name: 'runs', value: played.length },
    {
      name: 'alarm before the end',
      value: alarmed.length,
      goal: `${played.length}`,
      met: alarmed.length === played.length,
    },
    {
      name: 'alarm in the first 12 % of the life',
      value: tooEarly.length,
      goal: '0',
      met: tooEarly.length === 0,
    },
    { name: 'from the first alarm to the last record', value: leads.join(', ') },
  ]
}
