import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { femto, scoresOf } from '../../evaluate/femto.ts'
import { needs, recordings } from '../needs.ts'
import { createRandom } from '../simulator/random.ts'

const silent = { step: <T>(_label: string, work: (note: () => void) => Promise<T>) => work(() => undefined) }
const samples = 2_560

let data: string
let out: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'millrace-femto-'))
  out = await mkdtemp(join(tmpdir(), 'millrace-femto-'))
})
afterEach(async () => {
  for (const dir of [data, out]) await rm(dir, { recursive: true, force: true })
})

/** Noise of two axes in milli-g, whose standard deviation a record is 400 times `factor` on the second axis. */
async function write(name: string, records: number, factor: (record: number) => number): Promise<void> {
  const random = createRandom(7, name)
  const counts = new Int16Array(records * samples * 2)
  for (let i = 0; i < counts.length; i++) {
    const gain = i % 2 === 1 ? factor(Math.floor(i / samples / 2)) : 1
    counts[i] = Math.max(-32_767, Math.min(32_767, Math.round(400 * gain * random.gaussian())))
  }
  await writeFile(join(data, `${name}.i16`), new Uint8Array(counts.buffer))
}

const alarmsCsv = () => readFile(join(out, 'alarms.csv'), 'utf8')

test('a bearing that wears is warned of before the alarm, one that lasts never, one that breaks at once', async () => {
  await write('wears', 160, record => 1 + Math.max(0, record - 100) / 60)
  await write('lasts', 160, () => 1)
  await write('breaks', 160, record => (record < 156 ? 1 : 40))
  const runs = ['wears', 'lasts', 'breaks'].map(name => ({ bearing: name, raw: `${name}.i16` }))
  await writeFile(join(data, 'manifest.json'), JSON.stringify({ fs_hz: 25_600, runs }))
  const scores = await femto.run({ data, out }, {}, silent)
  const [header, ...rows] = (await alarmsCsv()).trim().split('\n')
  expect(header).toBe('run,first_warning_record,first_alarm_record')
  const [, warned, alarmed] = rows[0]!.split(',')
  expect(Number(warned)).toBeGreaterThan(100)
  expect(Number(alarmed)).toBeGreaterThan(Number(warned))
  expect(rows[1]).toBe('lasts,,')
  expect(rows[2]).toBe('breaks,158,158') // clipped in a good part: at least so much is enough
  expect(scores[1]).toMatchObject({ name: 'alarm before the end', value: 2, met: false })
}, 60_000)

test('an alarm in the first 12 % of the life counts as a false one', () => {
  const run = (firstAlarm: number | null) => ({ run: 'r', records: 100, firstWarning: null, firstAlarm })
  const met = (...alarms: (number | null)[]) => scoresOf(alarms.map(run)).map(score => score.met)
  expect(met(12, 99)).toEqual([undefined, true, true, undefined])
  expect(met(11, null)).toEqual([undefined, false, false, undefined])
})

test('the PRONOSTIA runs are alarmed of before their end, and not in the first 12 %', async context => {
  needs(context, 'recordings')
  const scores = await femto.run({ data: join(recordings, 'bearing-femto'), out }, {}, silent)
  expect(scores.slice(1, 3).map(({ name, met }) => [name, met])).toEqual([
    ['alarm before the end', true],
    ['alarm in the first 12 % of the life', true],
  ])
  for (const row of (await alarmsCsv()).trim().split('\n').slice(1)) {
    const [, warned, alarmed] = row.split(',').map(Number)
    expect(warned).toBeLessThanOrEqual(alarmed!)
  }
}, 120_000)
