/** Two accelerometers of one line, and nothing else: the one that falls silent is told while the other goes on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import { partitionOf } from '../../../edge-broker/partition.ts'
import type { Signal } from '../../../model/index.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { type Name, prepareServices, type Service } from './services.ts'

const partitions = 1
const line = 's/a/line-1'
const [going, silent] = [`${line}/going`, `${line}/silent`]
const machine = (id: string) => ({
  id,
  name: id,
  tags: [{ name: 'vibration', nodeId: 'ns=1;s=v', class: 'waveform', sampleRateHz: 12_800, unit: 'g' }],
  signals: [{ processor: 'heartbeat', name: 'talks', afterMs: 5_000 }],
})

let cluster: TestCluster
let kafka: Kafka
let services: Record<Name, Service>
const stop = new AbortController()

beforeAll(async () => {
  cluster = await startCluster({ brokers: 1 })
  services = await prepareServices(cluster, partitions, [machine(going), machine(silent)])
  kafka = connectKafka(await cluster.connection('admin'))
  services.p1.start()
})
afterAll(async () => {
  stop.abort()
  await services?.p1.end('SIGKILL')
  await cluster?.stop()
})
beforeEach(({ onTestFailed }) => onTestFailed(() => console.log(services.p1.said().slice(-6_000))))

const block = (asset: string, seq: number) => ({
  topic: 'waveforms',
  partition: partitionOf(line, partitions),
  key: `${asset}/vibration`,
  value: Buffer.alloc(1_024),
  headers: {
    ...{ asset, tag: 'vibration', source: asset, epoch: '1', seq: String(seq) },
    ...{ t: String(Date.now() * 1_000), rateHz: '12800', unit: 'g', status: '0' },
  },
})

/** The silent one is heard of in the first ten blocks. */
async function feed(): Promise<void> {
  const writer = await kafka.writer()
  for (let seq = 1; !stop.signal.aborted; seq++) {
    await writer.write([block(going, seq), ...(seq <= 10 ? [block(silent, seq)] : [])])
    await sleep(100)
  }
  await writer.close()
}

test('an accelerometer that falls silent is told while others of its line go on', async () => {
  const feeding = feed()
  const place = { topic: 'signals', partition: partitionOf(line, partitions) }
  const reader = await kafka.reader({ partitions: [place], start: 'earliest' })
  const timer = setTimeout(() => void reader.close(), 60_000)
  const told: Signal[] = []
  for await (const batch of reader) {
    told.push(...batch.map(({ value }) => JSON.parse(String(value)) as Signal))
    if (told.some(({ verdict }) => verdict !== 'normal')) break
  }
  clearTimeout(timer)
  stop.abort()
  await feeding
  const missed = told.filter(({ signal, verdict }) => signal === 'talks' && verdict !== 'normal')
  expect(missed.map(({ asset, verdict }) => [asset, verdict])).toEqual([[silent, 'warning']])
  expect(missed[0]!.value).toBeGreaterThanOrEqual(5)
}, 90_000)
