import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { provisionPlant, provisionRegion } from '../../edge-broker/provision.ts'
import { arrivalTopic, exportTopic } from '../../edge-broker/topics.ts'
import type { MillraceError } from '../../model/index.ts'
import type { ReplicationEntry } from '../../replicator/entry.ts'
import { prepareReplicator } from '../../replicator/mirror-maker.ts'
import { runMonitor } from '../../replicator/monitor.ts'
import { startCluster, type TestCluster } from '../cluster.ts'
import { freePorts } from '../free-ports.ts'

const plantFor = (region: string) => ({
  name: 'demo',
  partitions: 3,
  servers: [{ services: ['broker'] }],
  region: { name: region, exports: ['signals'] },
})
const plant = plantFor('region')
const source = exportTopic('region', 'signals')
const arrivals = arrivalTopic('demo', 'region', 'signals')

let edge: TestCluster
let region: TestCluster
let mirrorMaker: ChildProcess

const at = async (cluster: TestCluster, principal: string): Promise<Kafka> =>
  connectKafka(await cluster.connection(principal), { timeoutMs: 60_000 })

beforeAll(async () => {
  edge = await startCluster({ brokers: 1 })
  region = await startCluster({ brokers: 1, name: 'region', pki: edge.pki })
  await provisionPlant(await at(edge, 'admin'), plant)
  await provisionRegion(await at(region, 'region-admin'), plant)
  const [restPort] = await freePorts('127.0.0.1', 1)
  const { command, args, env, cwd } = await prepareReplicator({
    plant: 'demo',
    region: 'region',
    edge: await edge.connection('replicator'),
    target: await region.connection('replicator'),
    restPort: restPort!,
    dir: join(edge.dir, 'replicator'),
  })
  mirrorMaker = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    env: { ...process.env, ...env },
    cwd,
    stdio: 'ignore',
  })
})

afterAll(async () => {
  if (mirrorMaker?.exitCode === null && mirrorMaker.kill('SIGKILL')) await once(mirrorMaker, 'exit')
  await Promise.all([edge?.stop(), region?.stop()])
})

/** A monitor, and a way to wait for what it tells. */
async function watch(of = plant) {
  const stop = new AbortController()
  const entries: ReplicationEntry[] = []
  const troubles: MillraceError[] = []
  let news = Promise.withResolvers<void>()
  const done = runMonitor(await at(edge, 'replication-monitor'), await at(region, 'replication-monitor'), {
    plant: of,
    signal: stop.signal,
    everyMs: 500,
    onTrouble: error => troubles.push(error),
    onEntry(entry) {
      entries.push(entry)
      news.resolve()
      news = Promise.withResolvers()
    },
  })
  return {
    entries,
    troubles,
    async until(fits: (entry: ReplicationEntry) => boolean): Promise<ReplicationEntry> {
      for (;;) {
        const last = entries.at(-1)
        if (last && fits(last)) return last
        await Promise.race([news.promise, done])
      }
    },
    async stop() {
      stop.abort()
      await done
    },
  }
}

let written = 0

/** Numbered exports in all partitions, in transactions as the processors write them, and raw telemetry beside. */
async function write(count: number): Promise<void> {
  const task = await (await at(edge, 'processors')).task({ id: 'processors.0', group: 'processors' })
  for (const end = written + count; written < end; ) {
    const values = Array.from({ length: Math.min(50, end - written) }, () => written++)
    const records = values.map(n => ({ topic: source, partition: n % 3, key: 'press', value: `n${n}` }))
    await task.commit(records, [])
  }
  await task.close()
  const writer = await (await at(edge, 'connectors')).writer()
  await writer.write([{ topic: 'telemetry', partition: 0, key: 'press', value: 'raw' }])
  await writer.close()
}

/** Every committed value in the region, read by somebody who has nothing to do with the monitor. */
async function arrived(): Promise<string[]> {
  const kafka = await at(region, 'region-admin')
  const admin = await kafka.admin()
  const end = await admin.offsets([arrivals], 'latest').finally(() => admin.close())
  const partitions = end.map(({ topic, partition }) => ({ topic, partition }))
  const reader = await kafka.reader({ partitions, start: 'earliest', end })
  const values: string[] = []
  for await (const batch of reader) values.push(...batch.map(record => String(record.value)))
  return values
}

test("exports arrive once each across the region broker's SIGKILL; raw data does not", async () => {
  const monitor = await watch()
  await write(600)
  await monitor.until(entry => entry.records >= 300)
  await region.brokers[0]!.kill()
  await write(600)
  const away = await monitor.until(entry => entry.waiting >= 600)
  expect(away.reason).toBeDefined()
  await region.brokers[0]!.start()
  await write(300)
  const entry = await monitor.until(({ records, waiting }) => records === written && waiting === 0)
  expect(entry.perTopic[source]).toMatchObject({ missing: 0, repeated: 0, vanished: 0, uncounted: 0, cut: 0 })
  expect(entry.reason).toBeUndefined()
  expect(entry.lagSeconds).toBe(0)
  await monitor.stop()

  const values = await arrived()
  expect(values).toHaveLength(1_500)
  expect(new Set(values).size).toBe(1_500)
  const admin = await (await at(region, 'region-admin')).admin()
  const topics = await admin.topics().finally(() => admin.close())
  expect(topics.filter(topic => /telemetry|waveforms|state/.test(topic))).toEqual([])
}, 240_000)

test('a new monitor goes on from the ledger and counts nothing twice', async () => {
  const monitor = await watch()
  const first = await monitor.until(() => true)
  expect([first.records, first.perTopic[source]!.repeated]).toEqual([written, 0])
  await write(30)
  const after = await monitor.until(entry => entry.records === written)
  expect(after.perTopic[source]).toMatchObject({ missing: 0, repeated: 0 })
  await monitor.stop()
}, 120_000)

test('a second monitor fences the first', async () => {
  const first = await watch()
  await first.until(() => true)
  const second = await watch()
  await second.until(() => true)
  await expect(first.until(() => false)).rejects.toMatchObject({ code: 'fenced' })
  await second.stop()
}, 120_000)

test('what a replicator leaves out or repeats is found', async () => {
  const other = plantFor('elsewhere')
  await provisionPlant(await at(edge, 'admin'), other)
  await provisionRegion(await at(region, 'region-admin'), other)
  const [from, to] = [exportTopic('elsewhere', 'signals'), arrivalTopic('demo', 'elsewhere', 'signals')]
  const timestamp = Date.now()
  const record = (topic: string, n: number) => ({
    topic,
    partition: 1,
    key: 'press',
    value: `n${n}`,
    timestamp,
  })
  const here = await (await at(edge, 'processors')).writer()
  await here.write([0, 1, 2, 3, 4, 5].map(n => record(from, n)))
  await here.close()
  const there = await (await at(region, 'region-admin')).writer()
  await there.write([0, 1, 1, 4].map(n => record(to, n)))
  await there.close()
  const monitor = await watch(other)
  const entry = await monitor.until(({ records }) => records === 3)
  expect(entry).toMatchObject({ waiting: 1, perTopic: { [from]: { missing: 2, repeated: 1 } } })
  expect(entry.lagSeconds).toBeGreaterThan(0)
  expect(entry.reason).toMatch(/2 records were left out, 1 arrived more than once/)
  await monitor.stop()
}, 120_000)
