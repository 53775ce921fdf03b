import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPlant } from '../../../config/load.ts'
import type { Plant } from '../../../config/plant.ts'
import type { Alarm, Signal } from '../../../model/index.ts'
import type { FileInput } from '../../../runtime/backtest/job.ts'
import { type BacktestOptions, runBacktest } from '../../../runtime/backtest/run.ts'
import { playShare } from '../../../runtime/backtest/share.ts'
import { chainWorker } from '../../../runtime/worker.ts'
import { plantCopy, startMs, telemetry } from './history.ts'

const topics = ['signals', 'alarm-events', 'aggregates-1s']
const always = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }
const records = telemetry(1_800)
let dir: string
let plant: Plant
let file: string
let runs = 0

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-backtest-'))
  plant = await loadPlant(plantCopy(join(dir, 'plant'), {}))
  file = join(dir, 'telemetry.jsonl')
  writeFileSync(file, records.map(({ text }) => `${text}\n`).join(''))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const from = (...paths: string[]) => ({
  kind: 'files' as const,
  files: paths.map((path): FileInput => ({ path, options: {} })),
})

async function run(options: Partial<BacktestOptions> = {}) {
  const outDir = join(dir, `out-${runs++}`)
  const common = { plant, threads: 1, period: always, warmUpMs: 0, topics, outDir }
  const result = await runBacktest({ ...common, history: from(file), ...options })
  const texts = topics.map(topic => readFileSync(join(outDir, `${topic}.jsonl`), 'utf8'))
  return { ...result, outDir, texts }
}

const parsed = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T)

describe('a backtest over files', () => {
  test('gives what the service gives, byte for byte', async () => {
    const worker = chainWorker({ current: plant })
    const live = records.flatMap(({ asset, text, timestamp }, i) =>
      worker.step({
        topic: 'telemetry',
        partition: 0,
        offset: BigInt(i),
        timestamp,
        key: asset,
        value: Buffer.from(text),
        headers: new Map(),
      }),
    )
    const { texts, tally } = await run()
    expect(tally).toMatchObject({ records: 540, samples: 5_400, unreadable: 0 })
    for (const [i, topic] of topics.entries()) {
      const lines = live.filter(output => output.topic === topic).map(({ value }) => String(value))
      expect(lines.length, topic).toBeGreaterThan(0)
      expect(texts[i]!.trimEnd().split('\n').sort(), topic).toEqual(lines.sort())
    }
  })

  test('gives the same bytes in any number of runs and threads, and by one instance or one a partition', async () => {
    const once = await run()
    const again = await run()
    const shared = await run({ threads: 2 })
    expect(again.texts).toEqual(once.texts)
    expect(shared.texts).toEqual(once.texts)

    const apart = join(dir, 'apart')
    mkdirSync(apart)
    for (const partition of [2, 0, 1]) {
      const job = { plant, partitions: [partition], period: always, warmUpMs: 0, topics, outDir: apart }
      await playShare({ ...job, history: from(file) }, async () => {})
    }
    const joined = topics.map(topic =>
      [0, 1, 2].map(partition => readFileSync(join(apart, `${topic}.${partition}.part`), 'utf8')).join(''),
    )
    expect(joined).toEqual(once.texts)
  }, 60_000)

  test('gives the same records of every asset for any number of partitions', async () => {
    const byAsset = (texts: readonly string[]) =>
      texts.map(text => Map.groupBy(text.split('\n'), line => /"asset":"([^"]*)"/.exec(line)?.[1]))
    const three = await run()
    for (const partitions of [1, 7]) {
      const other = await loadPlant(plantCopy(join(dir, `plant-${partitions}`), { partitions }))
      expect(byAsset((await run({ plant: other })).texts)).toEqual(byAsset(three.texts))
    }
  })

  test('reads what tail prints as it reads the records, and takes its times for the period', async () => {
    const printed = join(dir, 'tail.jsonl')
    const lines = records.map(({ asset, text, timestamp }, i) => {
      const place = { topic: 'telemetry', partition: 9, offset: String(i), timestamp, key: asset }
      return JSON.stringify({ ...place, value: JSON.parse(text) })
    })
    writeFileSync(printed, lines.join('\n'))
    expect((await run({ history: from(printed) })).texts).toEqual((await run()).texts)
    const period = { fromMs: startMs + 600_000, toMs: startMs + 1_200_000 }
    const { texts } = await run({ history: from(printed), period })
    const windows = parsed<{ end: number }>(texts[2]!)
    expect(windows.length).toBeGreaterThan(0)
    for (const { end } of windows) {
      expect(end / 1_000).toBeGreaterThan(period.fromMs - 11_000)
      expect(end / 1_000).toBeLessThan(period.toMs)
    }
  })

  test('counts what cannot be read, tells the first, and goes on', async () => {
    const poisoned = join(dir, 'poisoned.jsonl')
    const texts = records.map(({ text }) => text)
    writeFileSync(
      poisoned,
      [...texts.slice(0, 5), '{"v":1,', '{"v":2,"asset":"a"}', ...texts.slice(5)].join('\n'),
    )
    const { tally, texts: results } = await run({ history: from(poisoned) })
    expect(tally.unreadable).toBe(2)
    expect(tally.firstUnreadable).toMatch(/telemetry\/0\/6: not a telemetry record/)
    expect(results).toEqual((await run()).texts)
  })

  test('tells the difference that another limit makes, to what an earlier run gave', async () => {
    const before = await run()
    const was = from(join(before.outDir, 'signals.jsonl'), join(before.outDir, 'alarm-events.jsonl'))
    const same = await run({ was })
    expect(same.difference.map(({ added, gone, changed }) => added + gone + changed)).toEqual(
      same.difference.map(() => 0),
    )
    expect(same.difference.length).toBeGreaterThan(0)

    const stricter = await loadPlant(plantCopy(join(dir, 'stricter'), { warningAbove: 77 }))
    const { difference, texts } = await run({ plant: stricter, was })
    const alarms = parsed<Alarm>(texts[1]!)
    const motor = difference.filter(
      ({ topic, signal }) => topic === 'alarm-events' && signal === 'motor-too-hot',
    )
    expect(motor.map(({ asset }) => asset)).toEqual([
      'demo/press-shop/line-1/press-1',
      'demo/press-shop/line-1/press-2',
    ])
    for (const row of motor) {
      const would = alarms.filter(({ asset, signal }) => asset === row.asset && signal === row.signal)
      const had = parsed<Alarm>(before.texts[1]!).filter(
        ({ asset, signal }) => asset === row.asset && signal === row.signal,
      )
      expect([row.was, row.wouldBe]).toEqual([had.length, would.length])
      expect(row.added).toBeGreaterThan(0)
      expect(row.first).toBe(row.samples.added[0]?.t)
    }
    const signals = difference.find(({ topic }) => topic === 'signals')!
    const limits = parsed<Signal>(texts[0]!).find(({ asset }) => asset === signals.asset)?.limits
    expect(limits?.warning).toBe(77)
    expect(signals.changed + signals.added).toBeGreaterThan(0)
    // What the limit does not concern is as it was.
    const others = difference.filter(({ signal }) => signal !== 'motor-too-hot')
    expect(others.every(({ added, gone, changed }) => added + gone + changed === 0)).toBe(true)
  })

  test('plays a recording as its machine, by the same path as a replay', async () => {
    const csv = join(dir, 'press.csv')
    const rows = Array.from({ length: 300 }, (_, i) => `${new Date(startMs + i * 1_000).toISOString()},130`)
    writeFileSync(csv, ['time,motor-temperature', ...rows].join('\n'))
    const recording = { path: csv, asset: 'demo/press-shop/line-1/press-1', options: {} }
    const { texts, tally } = await run({ history: { kind: 'files', files: [recording] } })
    expect(tally.samples).toBe(300)
    expect(parsed<Alarm>(texts[1]!)[0]).toMatchObject({ signal: 'motor-too-hot', severity: 'alarm' })
    const nobody = { kind: 'files' as const, files: [{ path: csv, options: {} }] }
    await expect(run({ history: nobody })).rejects.toMatchObject({ code: 'config-invalid' })
  })
})
