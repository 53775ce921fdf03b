/** What single logs may lack after a power cut, one case each: a broker that is killed, and logs that are cut where it hurts. */
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka, Task } from '../../edge-broker/kafka.ts'
import { own } from '../../edge-broker/lease/own.ts'
import { anchor, diskPlace, packPosition } from '../../edge-broker/task/disk-position.ts'
import type { Backlog } from '../../edge-broker/task/drain.ts'
import { startCluster, type TestCluster } from '../cluster.ts'
import { cutLog, endsOf } from './cut.ts'

const signal = new AbortController().signal
let cluster: TestCluster
let kafka: Kafka
let topic: string
let numbers: { topic: string; partition: number }[]

beforeAll(async () => {
  cluster = await startCluster({ brokers: 1 })
  kafka = connectKafka(await cluster.connection('admin'), { timeoutMs: 10_000 })
})

afterAll(() => cluster?.stop())

let n = 0
beforeEach(async () => {
  topic = `numbers-${n++}`
  numbers = [{ topic, partition: 0 }]
  const admin = await kafka.admin()
  await admin.createTopics(
    [topic, anchor.topic].map(name => ({ name, partitions: 1, replicas: 1, config: {} })),
  )
  await admin.close()
})

/** Kills the broker, has its logs cut, and starts it again. */
async function powerCut(cut: (dataDir: string) => void): Promise<void> {
  const [broker] = cluster.brokers
  await broker!.kill()
  cut(join(broker!.dir, 'data'))
  await broker!.start()
}

/** The last batch of a log that ends with the mark of a transaction is that mark. */
function cutLast(dataDir: string, of: RegExp): void {
  for (const [name, { last }] of endsOf(dataDir)) if (of.test(name)) cutLog(join(dataDir, name), last)
}

/** A commit whose marks are written: the coordinator lets nobody take an id over before. */
async function commit(id: string, group: string, ...given: Parameters<Task['commit']>): Promise<void> {
  await within(id, group, task => task.commit(...given))
  await within(id, group, async () => {})
}

async function within(id: string, group: string, work: (task: Task) => Promise<void>): Promise<void> {
  const task = await kafka.task({ id, group, signal })
  await work(task).finally(() => task.close())
}

const record = (number: number) => ({ topic, partition: 0, key: 'n', value: String(number) })

async function ends(): Promise<{ stable: bigint; written: bigint }> {
  const admin = await kafka.admin()
  const [stable, written] = await Promise.all([
    admin.offsets([topic], 'latest'),
    admin.offsets([topic], 'written'),
  ])
  await admin.close()
  return { stable: stable[0]!.offset, written: written[0]!.offset }
}

async function values(): Promise<number[]> {
  const admin = await kafka.admin()
  const end = await admin.offsets([topic], 'latest').finally(() => admin.close())
  const found: number[] = []
  for await (const batch of await kafka.reader({ partitions: numbers, start: 'earliest', end }))
    found.push(...batch.map(({ value }) => Number(value)))
  return found
}

test('a mark that a partition and the positions have lost is made up for', async () => {
  const place = { ...anchor, offset: 7n }
  await commit('lost', 'lost', [record(1)], [place])
  await powerCut(dir => cutLast(dir, new RegExp(`^(${topic}|__consumer_offsets)-`)))
  const { stable, written } = await ends()
  expect(stable).toBeLessThan(written)
  await within('lost', 'lost', async task => {
    await task.settle(numbers)
    const after = await ends()
    expect(after.stable).toBe(after.written)
    expect(await task.positions([anchor])).toEqual([])
    await task.commit([record(2)], [place])
  })
  expect(await values()).toEqual([2])
})

test('a position is not waited for that another id of the same server has left open', async () => {
  const { group } = diskPlace('plc', 'p1')
  const place = { ...anchor, offset: packPosition(1, 3) }
  await commit('connectors.plc', group, [record(1)], [place])
  await commit(group, group, [record(2)], [place])
  await powerCut(dir => cutLast(dir, new RegExp(`^(${topic}|__consumer_offsets)-`)))
  await within('connectors.plc', group, async task => {
    await task.settle(numbers)
    await expect(task.positions([anchor])).rejects.toThrow(/UNSTABLE_OFFSET_COMMIT|the time is up/)
  })
  const owned = await own({
    kafka,
    source: 'plc',
    server: 'p1',
    servers: ['p1'],
    maxSessions: 1,
    wordOf: () => 'absent',
    backlog: { epoch: 1, lastSeq: 3, leaders: () => 'others', adoptEpoch: () => {} } as unknown as Backlog,
    recall: { kafka, partitions: numbers, besides: [group] },
    signal,
    onBehind: () => {},
  })
  expect((await owned.task.positions([anchor])).length).toBe(1)
  await owned.task.close()
  const after = await ends()
  expect(after.stable).toBe(after.written)
})

test('takeovers that the coordinator has forgotten cost no record', async () => {
  await commit('again', 'again', [record(1)], [])
  const before = endsOf(join(cluster.brokers[0]!.dir, 'data'))
  await commit('again', 'again', [record(2)], [{ ...anchor, offset: 2n }])
  await commit('again', 'again', [record(3)], [{ ...anchor, offset: 3n }])
  await powerCut(dir => {
    for (const [name, { next }] of before)
      if (name.startsWith('__transaction_state-')) cutLog(join(dir, name), next)
  })
  await within('again', 'again', async task => {
    await task.settle(numbers)
    expect(await task.positions([anchor])).toMatchObject([{ offset: 3n }])
    await task.commit([record(4)], [{ ...anchor, offset: 4n }])
    expect(await task.positions([anchor])).toMatchObject([{ offset: 4n }])
  })
  expect(await values()).toEqual([1, 2, 3, 4])
})
