import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { topicSpecs } from '../../edge-broker/topics.ts'
import { startCluster, type TestCluster } from '../cluster.ts'

const plant = {
  name: 'demo',
  partitions: 3,
  servers: [{ services: ['broker'] }, { services: ['broker'] }, { services: ['broker'] }],
}

let cluster: TestCluster
let admin: Kafka

beforeAll(async () => {
  cluster = await startCluster()
  admin = connectKafka(await cluster.connection('admin'), { timeoutMs: 60_000 })
  await provisionPlant(admin, plant)
})
afterAll(() => cluster?.stop())

const patience = { timeout: 90_000, interval: 250 }
const partitions = [0, 1, 2].map(partition => ({ topic: 'telemetry', partition }))

async function write(text: string): Promise<void> {
  const writer = await connectKafka(await cluster.connection('connectors'), { timeoutMs: 60_000 }).writer()
  const records = partitions.map(place => ({ ...place, key: 'press', value: text }))
  await writer.write(records).finally(() => writer.close())
}

/** How often each text is in telemetry. */
async function counts(): Promise<Record<string, number>> {
  const kafka = connectKafka(await cluster.connection('processors'), { timeoutMs: 60_000 })
  const client = await kafka.admin()
  const end = await client.offsets(['telemetry'], 'latest').finally(() => client.close())
  const reader = await kafka.reader({ partitions, start: 'earliest', end })
  const found: Record<string, number> = {}
  for await (const batch of reader) {
    for (const { value } of batch) found[String(value)] = (found[String(value)] ?? 0) + 1
  }
  return found
}

/** What a broker tells of the others comes to it a moment after they are up. */
async function allUp(): Promise<void> {
  const client = await admin.admin()
  await vi
    .waitFor(async () => expect((await client.brokers()).map(({ id }) => id)).toEqual([1, 2, 3]), patience)
    .finally(() => client.close())
}

/** Three copies of every partition of every topic, all in sync. */
async function inSync(): Promise<void> {
  const expected = topicSpecs(plant).reduce((sum, { partitions }) => sum + partitions, 0)
  const client = await admin.admin()
  const look = async () => {
    const copies = await client.replicas(await client.topics())
    expect(copies.length).toBeGreaterThanOrEqual(expected)
    expect(copies.filter(({ replicas, inSync }) => replicas !== 3 || inSync !== 3)).toEqual([])
  }
  await vi.waitFor(look, patience).finally(() => client.close())
}

test('three brokers hold three copies of every partition', async () => {
  await allUp()
  await inSync()
})

test('with one of three killed it goes on taking records', async () => {
  await write('before')
  await cluster.brokers[1]!.kill()
  await write('without broker 2')
  await cluster.brokers[1]!.start()
  await inSync()
  expect(await counts()).toEqual({ before: 3, 'without broker 2': 3 })
})

test('with all three killed at once it comes back with everything', async () => {
  await write('before the cut')
  await Promise.all(cluster.brokers.map(broker => broker.kill()))
  await Promise.all(cluster.brokers.map(broker => broker.start()))
  await inSync()
  expect(await counts()).toEqual({ before: 3, 'without broker 2': 3, 'before the cut': 3 })
})

test('all three stop at once within the grace that is given, and start again', async () => {
  const graceMs = 25_000
  const started = performance.now()
  await Promise.all(cluster.brokers.map(broker => broker.stop(graceMs)))
  expect(performance.now() - started).toBeLessThan(graceMs)
  await Promise.all(cluster.brokers.map(broker => broker.start()))
  await allUp()
  expect((await counts()).before).toBe(3)
})
