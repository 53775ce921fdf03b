import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPlant } from '../../../config/load.ts'
import type { Plant } from '../../../config/plant.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import { partitionOf } from '../../../edge-broker/partition.ts'
import { provisionPlant } from '../../../edge-broker/provision.ts'
import { runPartition } from '../../../edge-broker/task/shell.ts'
import { lineOf } from '../../../model/index.ts'
import { type BacktestOptions, runBacktest } from '../../../runtime/backtest/run.ts'
import { taken } from '../../../runtime/deadletter/box.ts'
import { chainWorker } from '../../../runtime/worker.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { plantCopy, startMs, telemetry } from './history.ts'

const seconds = 1_800
let cluster: TestCluster
let dir: string
let plant: Plant
const of = async (principal: string): Promise<Kafka> => connectKafka(await cluster.connection(principal))

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-backtest-'))
  const { region: _, ...loaded } = await loadPlant(plantCopy(join(dir, 'plant'), {}))
  plant = { ...loaded, servers: loaded.servers.slice(0, 1) }
  cluster = await startCluster({ brokers: 1, overrides: { 'log.retention.check.interval.ms': '86400000' } })
  await provisionPlant(await of('admin'), plant)
})
afterAll(async () => {
  await cluster?.stop()
  if (dir) rmSync(dir, { recursive: true, force: true })
})

/** What the plant lives through: its connectors write, its processors make signals and alarms. */
async function live(): Promise<void> {
  const writer = await (await of('connectors')).writer()
  await writer.write(
    telemetry(seconds).map(({ asset, text, timestamp }) => ({
      topic: 'telemetry',
      partition: partitionOf(lineOf(asset), plant.partitions),
      key: asset,
      value: text,
      timestamp,
    })),
  )
  await writer.close()
  const kafka = await of('processors')
  const stop = new AbortController()
  const running = Array.from({ length: plant.partitions }, (_, partition) =>
    runPartition({
      kafka,
      partition,
      inputs: ['telemetry', 'waveforms'],
      changelog: 'state',
      deadLetter: 'dead-letter',
      group: 'processors',
      newWorker: () => chainWorker({ current: plant }),
      signal: stop.signal,
      onTrouble() {},
    }),
  )
  const topics = ['telemetry']
  const isTaken = await taken(await of('operator'), { group: 'processors', topics, timeoutMs: 60_000 })
  stop.abort()
  await Promise.all(running)
  expect(isTaken).toBe(true)
}

let runs = 0
async function run(options: Partial<BacktestOptions> = {}) {
  const connection = await cluster.connection('operator')
  const outDir = join(dir, `out-${runs++}`)
  const topics = ['signals', 'alarm-events', 'aggregates-1s']
  const result = await runBacktest({
    plant,
    threads: 1,
    period: { fromMs: startMs, toMs: startMs + 2 * seconds * 1_000 },
    warmUpMs: 3_600_000,
    topics,
    outDir,
    history: { kind: 'kafka', connection },
    was: { kind: 'kafka', connection },
    ...options,
  })
  return { ...result, texts: topics.map(topic => readFileSync(join(outDir, `${topic}.jsonl`), 'utf8')) }
}

const differences = ({ difference }: Awaited<ReturnType<typeof run>>) =>
  difference
    .filter(({ added, gone, changed }) => added + gone + changed > 0)
    .map(({ topic, signal }) => `${topic} ${signal}`)

describe('a backtest over the topics of a plant', () => {
  test('finds what was, byte for byte at every run and thread, and by another limit what would have been', async () => {
    await live()
    const same = await run()
    expect(same.tally).toMatchObject({ samples: 3 * seconds, unreadable: 0, removed: 0 })
    expect(same.difference.length).toBeGreaterThan(0)
    expect(differences(same)).toEqual([])
    const again = await run({ threads: 2 })
    expect(again.texts).toEqual(same.texts)
    expect(differences(again)).toEqual([])

    const stricter = await loadPlant(plantCopy(join(dir, 'stricter'), { warningAbove: 77 }))
    const other = await run({ plant: stricter })
    expect(new Set(differences(other))).toEqual(
      new Set(['alarm-events motor-too-hot', 'signals motor-too-hot']),
    )
  })

  test('a part of the period, after a warm-up, gives that part of the results', async () => {
    const period = { fromMs: startMs + 700_000, toMs: startMs + 1_400_000 }
    const part = await run({ period })
    const whole = await run()
    expect(differences(part)).toEqual([])
    const [signals] = part.texts
    expect(signals!.length).toBeGreaterThan(0)
    expect(signals!.split('\n').every(line => whole.texts[0]!.includes(line))).toBe(true)
  })
})
