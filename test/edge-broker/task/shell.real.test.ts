import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection, InRecord, Kafka, Writer } from '../../../edge-broker/kafka.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'

let cluster: TestCluster
let connection: Connection
let kafka: Kafka
const children = new Set<ChildProcess>()

beforeAll(async () => {
  cluster = await startCluster()
  connection = await cluster.connection('admin')
  kafka = connectKafka(connection)
  const admin = await kafka.admin()
  const topic = (name: string, config = {}) => ({ name, partitions: 2, replicas: 3, config })
  await admin.createTopics([
    topic('numbers'),
    topic('sums'),
    topic('dead-letter'),
    topic('state', { 'cleanup.policy': 'compact' }),
    { ...topic('ledger'), partitions: 1 },
  ])
  await admin.close()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await cluster?.stop()
})

/** Starts a service; `committed` resolves at its first commit. */
function service() {
  const child = fork(join(import.meta.dirname, 'summing.ts'), [JSON.stringify(connection)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(child)
  const committed = new Promise<void>(resolve => child.once('message', () => resolve()))
  const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
  return { kill: () => child.kill('SIGKILL'), committed, ended }
}

const keys = ['a', 'b', 'c']
const partitionOfKey = (key: string) => (key === 'b' ? 1 : 0)

/** Sends 1, 2, 3, ... under every key, a few at a time, until told to stop; gives how many it sent. */
function startSending(writer: Writer): { stop(): Promise<number> } {
  let stopped = false
  const sent = (async () => {
    let n = 0
    while (!stopped) {
      const numbers = Array.from({ length: 5 }, (_, i) => n + 1 + i)
      await writer.write(
        numbers.flatMap(value =>
          keys.map(key => ({ topic: 'numbers', partition: partitionOfKey(key), key, value: String(value) })),
        ),
      )
      n += 5
      await sleep(10)
    }
    return n
  })()
  return {
    stop() {
      stopped = true
      return sent
    },
  }
}

/** Everything committed to a topic, once a key's last record satisfies `complete`. */
async function readUntil(topic: string, complete: (records: InRecord[]) => boolean): Promise<InRecord[]> {
  const partitions = [0, 1].map(partition => ({ topic, partition }))
  const reader = await kafka.reader({ partitions, start: 'earliest' })
  const records: InRecord[] = []
  const timer = setTimeout(() => void reader.close(), 60_000)
  for await (const batch of reader) {
    records.push(...batch)
    if (complete(records)) break
  }
  clearTimeout(timer)
  await reader.close()
  return records
}

const last = (records: InRecord[], key: string) =>
  JSON.parse(records.findLast(record => record.key === key)?.value?.toString() ?? '{"count":0}') as {
    count: number
  }

describe('the exactly-once shell', () => {
  test('misses nothing and counts nothing twice while services are killed, overtaken by successors, and a broker dies', async () => {
    const writer = await kafka.writer()
    const sending = startSending(writer)
    let restarted = Promise.resolve()
    for (let round = 0; round < 4; round++) {
      const victim = service()
      await victim.committed
      await sleep(300)
      // Every other time the successor is there before the predecessor is gone.
      const successor = round % 2 === 1 ? service() : undefined
      await successor?.committed
      if (round === 2) {
        await cluster.brokers[1]?.kill()
        restarted = cluster.brokers[1]!.start()
      }
      victim.kill()
      await victim.ended
      successor?.kill()
      await successor?.ended
    }
    await restarted
    const total = await sending.stop()
    const survivor = service()
    await writer.close()
    const sums = await readUntil('sums', records => keys.every(key => last(records, key).count === total))
    for (const key of keys) {
      const given = sums.filter(record => record.key === key).map(record => JSON.parse(String(record.value)))
      const n = Array.from({ length: total }, (_, i) => i + 1)
      expect(given).toEqual(n.map(count => ({ count, sum: (count * (count + 1)) / 2 })))
    }
    survivor.kill()
    await survivor.ended
  })

  test('tells a predecessor that was overtaken to stop', async () => {
    const first = service()
    const writer = await kafka.writer()
    const sending = startSending(writer)
    await first.committed
    const successor = service()
    await successor.committed
    expect(await first.ended).toBe(3)
    await sending.stop()
    await writer.close()
    successor.kill()
    await successor.ended
  })

  test('puts what it cannot read into dead-letter with reason and position, and goes on', async () => {
    const running = service()
    const writer = await kafka.writer()
    await writer.write([
      { topic: 'numbers', partition: 1, key: 'poison', value: 'not a number' },
      { topic: 'numbers', partition: 1, key: 'poison', value: '7' },
    ])
    await writer.close()
    const [letter] = await readUntil('dead-letter', records => records.length > 0)
    expect(letter?.value?.toString()).toBe('not a number')
    expect(letter?.headers.get('code')).toBe('bad-payload')
    expect(letter?.headers.get('reason')).toContain('is not a number')
    expect(letter?.headers.get('position')).toMatch(/^numbers\/1\/\d+$/)
    const sums = await readUntil('sums', records => last(records, 'poison').count === 1)
    expect(last(sums, 'poison')).toEqual({ count: 1, sum: 7 })
    running.kill()
    await running.ended
  })
})
