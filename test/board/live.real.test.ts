import { afterAll, beforeAll, expect, test } from 'vitest'
import { followPlant, PlantView, readStatusOnce } from '../../board/index.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { InRecord, Kafka, OutRecord } from '../../edge-broker/kafka.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { startCluster, type TestCluster } from '../cluster.ts'
import { aggregate, alarm, history, ids, ledger, pressShop, replicator } from './press-shop.ts'

const plan = { name: 'demo', partitions: 3, servers: [1, 2, 3].map(() => ({ services: ['broker'] })) }
const group = 'processors'

let cluster: TestCluster
let admin: Kafka
let board: Kafka
let operator: Kafka

beforeAll(async () => {
  cluster = await startCluster()
  admin = connectKafka(await cluster.connection('admin'))
  board = connectKafka(await cluster.connection('board'), { timeoutMs: 4_000 })
  operator = connectKafka(await cluster.connection('operator'), { timeoutMs: 8_000 })
}, 180_000)
afterAll(() => cluster?.stop())

const brokers = () => cluster.brokers.map(({ id, address, port }) => ({ id, host: address, port }))

test('before its topics are made it says what is missing', async () => {
  await expect(readStatusOnce(admin, pressShop)).rejects.toMatchObject({
    code: 'broker-unavailable',
    message: expect.stringContaining('ledger, alarms'),
  })
})

test('one look, with the operator’s rights, tells the whole state', async () => {
  await provisionPlant(admin, plan)
  await processAll(7)
  await write(admin, [
    ...history(Date.now()).slice(-130),
    alarm(Date.now() - 20_000, { id: 'gone' }),
    alarm(Date.now() - 10_000, { id: 'gone', state: 'cleared' }),
    alarm(Date.now() - 5_000),
    ...pressShop.sources.map(source => ledger(source.name, Date.now())),
    replicator(Date.now()),
  ])
  const status = await readStatusOnce(operator, pressShop, {
    brokers: brokers(),
    group,
    boardUrl: 'http://127.0.0.1:1',
  })
  expect(status.brokers).toEqual(brokers().map(broker => ({ ...broker, up: true, underReplicated: 0 })))
  expect(status.alarms.open.map(({ id }) => id)).toEqual(['a1b2c3'])
  expect(status.machines.map(({ state }) => state)).toEqual(Array(4).fill('connected'))
  expect(status.lag).toEqual({ records: 0, seconds: 0 })
  expect(status.feed).toMatchObject({ state: 'live', badPayloads: 0 })
  expect(status.replication.records).toBe(48_213)
})

test('the board, with its own rights, follows; sees a broker die, Kafka vanish and come back', async () => {
  const view = new PlantView(pressShop)
  const end = new AbortController()
  const followed = followPlant(board, view, { brokers: brokers(), group }, end.signal)
  const status = () => view.status(Date.now())
  await until('the view is live', () => status().feed.state === 'live')
  expect(view.history(ids.press, 0, Date.now())?.tags[0]?.history.t.length).toBeGreaterThan(5)

  await write(admin, [alarm(Date.now(), { id: 'live' })])
  const started = performance.now()
  await until('the new alarm is shown', () => status().alarms.open.length === 2)
  expect(performance.now() - started).toBeLessThan(3_000)

  await produce(40)
  await until('40 records wait', () => status().lag.records === 40)
  await processAll(40)
  await until('none waits', () => status().lag.records === 0)

  await cluster.brokers[2]?.kill()
  await until('broker 3 is down', () => status().brokers.find(broker => broker.id === 3)?.up === false)
  await until('partitions are short of a copy', () =>
    status().brokers.some(broker => (broker.underReplicated ?? 0) > 0),
  )
  await write(admin, [aggregate(ids.pump, 'pressure', Date.now(), 99)])
  await until('a value arrives from two brokers', () =>
    view.snapshot(Date.now()).values.some(({ value }) => value === 99),
  )

  await Promise.all(cluster.brokers.map(broker => broker.kill()))
  await until('Kafka is away', () => status().feed.state === 'away')
  expect(status().feed.reason).toBeTruthy()
  expect(status().brokers.map(({ up }) => up)).toEqual([false, false, false])
  expect(status().alarms.open).toHaveLength(2)
  await expect(readStatusOnce(operator, pressShop, { timeoutMs: 3_000 })).rejects.toMatchObject({
    transient: true,
  })

  await Promise.all(cluster.brokers.map(broker => broker.start()))
  await until('the view is live again', () => status().feed.state === 'live')
  await write(admin, [alarm(Date.now(), { id: 'live', state: 'cleared', t: (Date.now() + 1000) * 1000 })])
  await until('the alarm is cleared', () => status().alarms.open.length === 1)
  expect(status().feed.badPayloads).toBe(0)

  end.abort()
  await followed
}, 240_000)

/** Sends records made as if read; the partition is the first one. */
async function write(kafka: Kafka, records: readonly InRecord[]): Promise<void> {
  const writer = await kafka.writer()
  await writer.write(
    records.map(({ topic, key, value, timestamp }): OutRecord => {
      return { topic, partition: 0, key, value, timestamp }
    }),
  )
  await writer.close()
}

let position = 0n

async function produce(count: number): Promise<void> {
  const writer = await admin.writer()
  const records = Array.from({ length: count }, (): OutRecord => {
    return { topic: 'telemetry', partition: 0, key: ids.press, value: '{}' }
  })
  await writer.write(records)
  await writer.close()
}

/** Commits the processors' position behind everything that was produced; `more` is how much that is since the last time. */
async function processAll(more: number): Promise<void> {
  if (position === 0n) await produce(more)
  position += BigInt(more)
  const task = await admin.task({ id: 'processors.0', group })
  await task.commit([], [{ topic: 'telemetry', partition: 0, offset: position }])
  await task.close()
}

async function until(what: string, holds: () => boolean): Promise<void> {
  await expect.poll(holds, { message: what, timeout: 90_000, interval: 100 }).toBe(true)
}
