/**
 * How long a partition rests when another service takes it over: 10,000 tags with open and kept windows, after a minute of
 * work, out of a changelog that compaction has not touched yet; from the fencing of the predecessor to the first step.
 */
import type { Plant } from '../../config/plant.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka, OutRecord } from '../../edge-broker/kafka.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { type PartitionOptions, runPartition } from '../../edge-broker/task/shell.ts'
import { chainWorker } from '../../runtime/worker.ts'
import { startCluster } from '../../test/cluster.ts'
import type { Row } from '../row.ts'

const [assets, tagsEach] = [100, 100]
/** Seconds of source time that the predecessor has processed, and how much of it is sent at a time. */
const [seconds, secondsAtOnce] = [75, 3]
const startMicros = 1_700_000_000_000_000
const goalMs = 3_000

const ids = Array.from({ length: assets }, (_, n) => `bench/hall/line-1/machine-${n}`)
const tags = Array.from({ length: tagsEach }, (_, n) => `tag-${n}`)
const plant: Plant = {
  dir: '/',
  hash: 'bench',
  name: 'bench',
  site: 'bench',
  title: 'bench',
  partitions: 1,
  servers: Array.from({ length: 3 }, (_, i) => {
    return { name: `p${i}`, address: `127.0.0.${i + 1}`, nodeId: i + 1, services: ['broker'] as const }
  }),
  sources: [],
  assets: ids.map(id => ({
    id,
    name: id,
    source: 'bench',
    signals: [],
    tags: tags.map(name => ({ asset: id, name, unit: '1', class: 'telemetry' as const })),
  })),
}

export async function measure(): Promise<Row[]> {
  const cluster = await startCluster({ fullSpeed: true, heapMiB: 512 })
  try {
    const kafka = connectKafka(await cluster.connection('admin'), { timeoutMs: 60_000 })
    await provisionPlant(kafka, plant)
    const first = await processing(kafka, () => feed(kafka))
    const second = await processing(kafka, async () => {})
    if (first.entries !== 0 || second.entries < assets) throw new Error('there was nothing to restore')
    const name = `${(assets * tagsEach).toLocaleString('en')} tags restored by a successor`
    return [
      { name, value: second.ms, unit: 'ms', goal: goalMs, met: second.ms < goalMs },
      { name: 'entries of the changelog restored', value: second.entries, unit: 'entries' },
    ]
  } finally {
    await cluster.stop()
  }
}

type Restored = Parameters<NonNullable<PartitionOptions['onRestored']>>[0]

/** Runs the partition until it has processed all that `work` sends. */
async function processing(kafka: Kafka, work: () => Promise<void>): Promise<Restored> {
  const stop = new AbortController()
  const restored = Promise.withResolvers<Restored>()
  let taken = 0
  const ended = runPartition({
    kafka,
    partition: 0,
    inputs: ['telemetry', 'waveforms'],
    changelog: 'state',
    deadLetter: 'dead-letter',
    group: 'processors',
    newWorker: () => chainWorker({ current: plant }),
    signal: stop.signal,
    onTrouble: error => console.error(error.explanation),
    onRestored: restored.resolve,
    onCommit: inputs => {
      taken += inputs
    },
  })
  const { entries, ms } = await restored.promise
  await work()
  while (entries === 0 && taken < assets * seconds) await new Promise(resolve => setTimeout(resolve, 100))
  stop.abort()
  await ended
  return { entries, ms }
}

async function feed(kafka: Kafka): Promise<void> {
  const writer = await kafka.writer()
  for (let from = 0; from < seconds; from += secondsAtOnce) {
    const times = Array.from({ length: secondsAtOnce }, (_, i) => from + i)
    await writer.write(
      times.flatMap(second => ids.map((asset, n) => recordAt(asset, second, second * assets + n + 1))),
    )
  }
  await writer.close()
}

function recordAt(asset: string, second: number, seq: number): OutRecord {
  const value = {
    v: 1,
    asset,
    source: 'bench',
    epoch: 1,
    seq,
    tags,
    tag: tags.map((_, n) => n),
    t: tags.map((_, n) => startMicros + second * 1_000_000 + n),
    value: tags.map((_, n) => Math.sin(second / 10 + n) * 100),
    status: tags.map(() => 0),
  }
  return { topic: 'telemetry', partition: 0, key: asset, value: JSON.stringify(value) }
}
