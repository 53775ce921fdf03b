/**
 * Windows of 1 s over 10,000 tags, exactly once, by the processors service and by the same job in Kafka Streams, from one
 * topic on three brokers: catching up on a backlog, live at 100,000 samples/s, and the backtest over the same history; beside
 * Kafka's own tools. Every window of the beginning is computed again and compared. All clients by mutual TLS.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { clientSettings } from '../../edge-broker/client-settings.ts'
import type { Connection } from '../../edge-broker/kafka.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { runBacktest } from '../../runtime/backtest/run.ts'
import { startCluster } from '../../test/cluster.ts'
import type { Row } from '../row.ts'
import { consumerPerf, producerPerf } from './kafka-tools.ts'
import { assets, brokers, partitions, plant, samplesPerRound } from './load.ts'
import { checkWindows } from './recomputed.ts'
import { catchUp, during, KafkaStreams, type Measured, Millrace } from './side.ts'
import { ours, type Spoken } from './spoken.ts'

const backlogRounds = 300
const liveRounds = 100
/** Rounds at live pace that are not measured: commits, caches and compilers come to rest. */
const settlingRounds = 30
const checkedRounds = 100
const perfRecords = 40_000

type Bench = {
  readonly dir: string
  readonly connection: Connection
  readonly properties: string
  readonly startMicros: number
  readonly feeder: Spoken
  rounds: number
  recordBytes: number
}

type Figures = Measured & { readonly liveCpuMicros: number; readonly rssBytes: number }

export async function measure(): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const cluster = await startCluster({ brokers, fullSpeed: true, heapMiB: 512 })
  let bench: Bench | undefined
  try {
    const connection = await cluster.connection('admin')
    bench = await prepared(dir, connection)
    const tools = told("Kafka's tools", await kafkaTools(bench))
    await feed(bench, 'backlog', backlogRounds)
    const { commitsMs, ...figures } = await ofMillrace(bench)
    const millrace = told('millrace', figures)
    const streams = told('Kafka Streams', await ofStreams(bench))
    const backtest = await ofBacktest(bench)
    const kafka = connectKafka(connection)
    for (const topic of ['aggregates-1s', 'peer-aggregates'])
      await checkWindows(kafka, topic, bench.startMicros, checkedRounds)
    return rows({ bench, tools, millrace, streams, commitsMs, backtest })
  } finally {
    await bench?.feeder.end()
    await cluster.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** So that a run that is broken off has told what it had. */
function told<Figures extends object>(side: string, figures: Figures): Figures {
  console.error(`  ${side}: ${JSON.stringify(figures)}`)
  return figures
}

async function prepared(dir: string, connection: Connection): Promise<Bench> {
  const kafka = connectKafka(connection, { timeoutMs: 60_000 })
  await provisionPlant(kafka, plant)
  const admin = await kafka.admin()
  const topic = {
    partitions,
    replicas: brokers,
    config: { 'min.insync.replicas': brokers === 3 ? '2' : '1' },
  }
  const names = ['peer-warm-aggregates', 'peer-aggregates', 'perf']
  await admin.createTopics(names.map(name => ({ name, ...topic })))
  await admin.close()
  const properties = join(dir, 'client.properties')
  const { bootstrap, tls } = connection
  await writeFile(properties, clientSettings('java', { bootstrap, principal: 'admin', tls }))
  const startMicros = Math.floor(Date.now() / 1_000) * 1_000_000
  const feeder = ours(join(import.meta.dirname, 'feeder.ts'), JSON.stringify(connection), String(startMicros))
  return { dir, connection, properties, startMicros, feeder, rounds: 0, recordBytes: 0 }
}

async function feed(bench: Bench, how: 'backlog' | 'live', rounds: number): Promise<void> {
  const { rounds: all, bytes } = await bench.feeder.ask<{ rounds: number; bytes: number }>(`${how} ${rounds}`)
  bench.rounds = all
  bench.recordBytes = Math.round(bytes / all / assets)
}

/** The first run warms the brokers and is thrown away. */
async function kafkaTools({ properties, dir, connection }: Bench) {
  const recordBytes = 4_000
  await producerPerf(properties, dir, 'perf', perfRecords / 4, recordBytes)
  const producerMBs = await producerPerf(properties, dir, 'perf', perfRecords, recordBytes)
  const consumerMBs = await consumerPerf(properties, dir, 'perf', connection.bootstrap[0]!, perfRecords)
  return { producerMBs, consumerMBs }
}

async function live(bench: Bench, side: Millrace | KafkaStreams): Promise<number> {
  await feed(bench, 'live', settlingRounds)
  if (side instanceof Millrace) side.commitsMs.length = 0
  const total = (bench.rounds + liveRounds) * assets
  return during(side, total, () => feed(bench, 'live', liveRounds))
}

async function ofMillrace(bench: Bench): Promise<Figures & { commitsMs: number[] }> {
  const side = new Millrace(JSON.stringify(bench.connection))
  try {
    const caught = await catchUp(side, bench.rounds * assets)
    await side.usage()
    const liveCpuMicros = await live(bench, side)
    const { rssBytes } = await side.usage()
    return { ...caught, liveCpuMicros, rssBytes, commitsMs: side.commitsMs }
  } finally {
    await side.end()
  }
}

/** A first application takes all there is, so that the second is measured with a warm compiler. */
async function ofStreams(bench: Bench): Promise<Figures> {
  const side = await KafkaStreams.open(bench.properties, join(bench.dir, 'streams'))
  try {
    await side.start('peer-warm')
    await catchUp(side, bench.rounds * assets)
    await side.stop()
    await side.start('peer')
    const caught = await catchUp(side, bench.rounds * assets)
    const liveCpuMicros = await live(bench, side)
    const { rssBytes } = await side.usage()
    return { ...caught, liveCpuMicros, rssBytes }
  } finally {
    await side.end()
  }
}

async function ofBacktest({ dir, connection, startMicros, rounds }: Bench): Promise<number> {
  const fromMs = startMicros / 1_000 - 3_600_000
  const { tally, seconds } = await runBacktest({
    plant,
    threads: partitions,
    period: { fromMs, toMs: Date.now() + 3_600_000 },
    warmUpMs: 0,
    topics: ['signals', 'alarm-events'],
    outDir: join(dir, 'backtest'),
    history: { kind: 'kafka', connection },
  })
  if (tally.samples !== rounds * samplesPerRound)
    throw new Error(`the backtest has read ${tally.samples} samples, not ${rounds * samplesPerRound}`)
  return tally.samples / seconds
}

type All = {
  bench: Bench
  tools: { producerMBs: number; consumerMBs: number }
  millrace: Figures
  streams: Figures
  commitsMs: number[]
  backtest: number
}

function rows({ bench, tools, millrace, streams, commitsMs, backtest }: All): Row[] {
  const bytesPerSample = bench.recordBytes / (samplesPerRound / assets)
  const mbs = ({ samplesPerS }: Measured) => rounded((samplesPerS * bytesPerSample) / 1e6)
  const atMost = (name: string, value: number, goal: number, unit: string): Row => ({
    name,
    value: rounded(value),
    unit,
    goal: rounded(goal),
    met: value <= goal,
  })
  const atLeast = (name: string, value: number, goal: number, unit: string): Row => ({
    ...atMost(name, value, goal, unit),
    met: value >= goal,
  })
  return [
    atMost('CPU at 100,000 samples/s', millrace.liveCpuMicros, streams.liveCpuMicros, 'us/sample'),
    { name: 'the same, Kafka Streams', value: rounded(streams.liveCpuMicros), unit: 'us/sample' },
    atLeast('catch-up', Math.round(millrace.samplesPerS), Math.round(streams.samplesPerS), 'samples/s'),
    { name: 'the same, Kafka Streams', value: Math.round(streams.samplesPerS), unit: 'samples/s' },
    { name: 'catch-up', value: mbs(millrace), unit: 'MB/s' },
    { name: 'the same, Kafka Streams', value: mbs(streams), unit: 'MB/s' },
    atMost('CPU while catching up', millrace.cpuMicros, streams.cpuMicros, 'us/sample'),
    { name: 'the same, Kafka Streams', value: rounded(streams.cpuMicros), unit: 'us/sample' },
    atLeast('backtest', Math.round(backtest), 1_000_000, 'samples/s'),
    { name: 'commit at 100,000 samples/s, p50', value: rounded(quantile(commitsMs, 0.5)), unit: 'ms' },
    { name: 'commit at 100,000 samples/s, p99', value: rounded(quantile(commitsMs, 0.99)), unit: 'ms' },
    { name: 'resident memory', value: rounded(millrace.rssBytes / 1e6), unit: 'MB' },
    { name: 'the same, Kafka Streams', value: rounded(streams.rssBytes / 1e6), unit: 'MB' },
    { name: 'kafka-producer-perf-test, acks=all', value: rounded(tools.producerMBs), unit: 'MB/s' },
    { name: 'kafka-consumer-perf-test', value: rounded(tools.consumerMBs), unit: 'MB/s' },
  ]
}

const rounded = (value: number): number => Number(value.toPrecision(3))

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
