import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { InRecord, Kafka } from '../../../edge-broker/kafka.ts'
import { runPartition, type Worker } from '../../../edge-broker/task/shell.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'

let cluster: TestCluster
let kafka: Kafka

beforeAll(async () => {
  cluster = await startCluster()
  kafka = connectKafka(await cluster.connection('admin'))
  const admin = await kafka.admin()
  const topic = (name: string, config = {}) => ({ name, partitions: 1, replicas: 3, config })
  await admin.createTopics([
    topic('numbers'),
    topic('waves'),
    topic('pauses'),
    topic('dead-letter'),
    topic('state', { 'cleanup.policy': 'compact' }),
    topic('ledger'),
  ])
  await admin.close()
})
afterAll(async () => {
  await cluster?.stop()
})

/** Counts records, and says at every pause how many there were. */
function counting(): Worker {
  let count = 0
  let changed = false
  return {
    restore(_, value) {
      count = Number(value)
    },
    step() {
      count++
      changed = true
      return []
    },
    idle: (partition, ms) => [
      { topic: 'pauses', partition, key: 'n', value: String(count), timestamp: Math.floor(ms) },
    ],
    changed() {
      const entries = changed ? [{ key: 'count', value: String(count) }] : []
      changed = false
      return entries
    },
  }
}

function run(): { stop(): Promise<void> } {
  const stop = new AbortController()
  const running = runPartition({
    kafka,
    partition: 0,
    inputs: ['numbers', 'waves'],
    clock: 'numbers',
    changelog: 'state',
    deadLetter: 'dead-letter',
    group: 'counting',
    newWorker: counting,
    signal: stop.signal,
    onTrouble: error => console.error(error.code, error.explanation),
  })
  return {
    async stop() {
      stop.abort()
      await running
    },
  }
}

async function write(count: number): Promise<void> {
  const writer = await kafka.writer()
  const numbers = Array.from({ length: count }, (_, i) => ({
    topic: 'numbers',
    partition: 0,
    key: 'n',
    value: `${i}`,
  }))
  await writer.write(numbers)
  await writer.close()
}

/** The pauses committed so far, once there are `count` more than `after`. */
async function pauses(after: number, count: number): Promise<InRecord[]> {
  const reader = await kafka.reader({ partitions: [{ topic: 'pauses', partition: 0 }], start: 'earliest' })
  const found: InRecord[] = []
  const timer = setTimeout(() => void reader.close(), 30_000)
  for await (const batch of reader) {
    found.push(...batch)
    if (found.length >= after + count) break
  }
  clearTimeout(timer)
  return found
}

test('a pause is told once a second, only when all that is there was read, and in the transaction of what it gives', async () => {
  await write(50_000)
  const first = run()
  const told = await pauses(0, 3)
  expect(told.slice(0, 3).map(({ value }) => String(value))).toEqual(['50000', '50000', '50000'])
  const gaps = told.slice(1, 3).map(({ timestamp }, i) => timestamp - told[i]!.timestamp)
  for (const gap of gaps) expect(gap).toBeGreaterThan(900)
  await write(1)
  await first.stop()
  const before = (await pauses(0, 1)).length
  const second = run()
  const after = await pauses(before, 2)
  expect(after.slice(before).map(({ value }) => String(value))).toEqual(['50001', '50001'])
  await second.stop()
}, 90_000)

test('a pause is told while another topic than the clock never rests, when that was read too', async () => {
  const before = (await pauses(0, 1)).length
  const stop = new AbortController()
  const writer = await kafka.writer()
  const sending = (async () => {
    // No fetch, which waits half a second, is ever answered with nothing.
    while (!stop.signal.aborted) {
      await writer.write([{ topic: 'waves', partition: 0, key: 'w', value: 'w' }])
      await sleep(50)
    }
  })()
  const running = run()
  const told = (await pauses(before, 4)).slice(before)
  stop.abort()
  await sending
  await writer.close()
  await running.stop()
  const counts = told.map(({ value }) => Number(value))
  expect(counts.length).toBeGreaterThanOrEqual(4)
  expect(counts.at(-1)! - counts[0]!).toBeGreaterThan(20)
}, 90_000)
