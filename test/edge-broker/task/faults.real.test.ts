/** The exactly-once shell on a real cluster, with a client that fails where it hurts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection, Kafka, Task } from '../../../edge-broker/kafka.ts'
import { lagOf } from '../../../edge-broker/lag.ts'
import { type PartitionOptions, runPartition } from '../../../edge-broker/task/shell.ts'
import { MillraceError } from '../../../model/index.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { drained } from '../client/counting.ts'
import { counting } from './counting-worker.ts'

let cluster: TestCluster
let connection: Connection
let kafka: Kafka

beforeAll(async () => {
  const overrides = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500' }
  cluster = await startCluster({ brokers: 1, overrides })
  connection = await cluster.connection('admin')
  kafka = connectKafka(connection)
  const admin = await kafka.admin()
  const topic = (name: string, config = {}) => ({ name, partitions: 5, replicas: 1, config })
  await admin.createTopics([
    topic('numbers'),
    topic('sums'),
    topic('dead-letter'),
    topic('state', { 'cleanup.policy': 'compact' }),
  ])
  await admin.close()
})
afterAll(() => cluster?.stop())

const write = async (partition: number, values: readonly (string | Buffer)[]) => {
  const writer = await kafka.writer()
  await writer.write(values.map(value => ({ topic: 'numbers', partition, key: 'k', value })))
  await writer.close()
}

const read = async (topic: string, partition: number) => {
  const admin = await kafka.admin()
  const end = (await admin.offsets([topic], 'latest').finally(() => admin.close())).filter(
    of => of.partition === partition,
  )
  return drained(await kafka.reader({ partitions: [{ topic, partition }], start: 'earliest', end }))
}
const sumsOf = async (partition: number) => (await read('sums', partition)).map(({ value }) => Number(value))

/** A client whose tasks do as they are told around a commit. */
const around = (commit: (task: Task, ...args: Parameters<Task['commit']>) => Promise<void>): Kafka => ({
  ...kafka,
  async task(options) {
    const task = await kafka.task(options)
    return {
      positions: of => task.positions(of),
      settle: of => task.settle(of),
      commit: (...args) => commit(task, ...args),
      close: () => task.close(),
    }
  },
})

const running = (partition: number, through: Kafka, more: Partial<PartitionOptions> = {}) => {
  const stop = new AbortController()
  const troubles: MillraceError[] = []
  const ended = runPartition({
    kafka: through,
    partition,
    inputs: ['numbers'],
    changelog: 'state',
    deadLetter: 'dead-letter',
    group: 'faults',
    newWorker: () => counting(partition),
    signal: stop.signal,
    onTrouble: error => troubles.push(error),
    ...more,
  })
  const end = async () => {
    stop.abort()
    await ended
  }
  return { troubles, end }
}

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 90_000, interval: 300 })
const lost = () => new MillraceError('broker-unavailable', 'the answer is lost', { transient: true })

describe('the shell', () => {
  test.each([
    ['that went through', true],
    ['that did not', false],
  ])('goes on from what was committed, after errors in commits %s', async (_, wentThrough) => {
    const partition = wentThrough ? 0 : 1
    let commits = 0
    const failing = around(async (task, ...args) => {
      const fails = ++commits % 3 === 2
      if (!fails || wentThrough) await task.commit(...args)
      if (fails) throw lost()
    })
    const service = running(partition, failing)
    for (let n = 0; n < 8; n++) {
      await write(partition, ['1', 'poison', '1'])
      await until(async () => expect((await sumsOf(partition)).length).toBe(2 * n + 2))
    }
    await service.end()
    expect(await sumsOf(partition)).toEqual(Array.from({ length: 16 }, (_, n) => n + 1))
    expect((await read('dead-letter', partition)).length).toBe(8)
    expect(service.troubles.filter(({ code }) => code === 'broker-unavailable').length).toBeGreaterThan(1)
  })

  test('is as far behind as there are records that wait, of which the markers of transactions are none', async () => {
    const admin = await kafka.admin()
    const lag = () => lagOf({ kafka, admin, group: 'sums-reader', topics: ['sums'], partitions: [0] })
    const [before] = await lag()
    expect(before?.records).toBeGreaterThanOrEqual(16)
    expect(before?.since).toBe((await read('sums', 0))[0]!.timestamp)
    const task = await kafka.task({ id: 'sums-reader', group: 'sums-reader' })
    const { offset } = (await read('sums', 0)).at(-1)!
    await task.commit([], [{ topic: 'sums', partition: 0, offset: offset + 1n }])
    await task.close()
    expect(await lag()).toEqual([{ topic: 'sums', partition: 0, records: 0, since: undefined }])
    await admin.close()
  })

  test('leaves out a record that a defect throws on, and nothing of it stays in the state', async () => {
    await write(4, ['1', '2'])
    const service = running(4, kafka)
    await until(async () => expect(await sumsOf(4)).toEqual([1, 3]))
    await write(4, ['3', '13', '4'])
    await until(async () => expect(await sumsOf(4)).toEqual([1, 3, 6, 10]))
    await service.end()
    const [letter, ...more] = await read('dead-letter', 4)
    expect(more).toEqual([])
    expect(letter?.headers.get('code')).toBe('internal')
    expect(letter?.headers.get('position')).toBe('numbers/4/3')
  })

  test('restores for longer than a transaction may last, and commits without an error', async () => {
    const patient = connectKafka(connection, { transactionTimeoutMs: 1_500 })
    await write(2, ['1'])
    const first = running(2, patient)
    await until(async () => expect(await sumsOf(2)).toEqual([1]))
    await first.end()
    const slowly: Kafka = {
      ...patient,
      async reader(options) {
        if (options.partitions[0]?.topic === 'state') await sleep(5_000)
        return patient.reader(options)
      },
    }
    await write(2, ['1'])
    let tookMs = 0
    const second = running(2, slowly, {
      onRestored: ({ ms }) => {
        tookMs = ms
      },
    })
    await until(async () => expect(await sumsOf(2)).toEqual([1, 2]))
    await second.end()
    expect(tookMs).toBeGreaterThan(4_900)
    expect(second.troubles).toEqual([])
  })

  test('holds a bounded part of its input while commits are slow, and catches up', async () => {
    const mib = 1024 * 1024
    const each = Buffer.from(Float64Array.from({ length: mib / 16 }, Math.random).buffer)
    const padded = Buffer.concat([Buffer.from('1 '), each.toString('hex').slice(0, mib / 2)].map(Buffer.from))
    const ten = Array.from({ length: 10 }, () => padded)
    for (let n = 0; n < 12; n++) await write(3, ten) // 60 MiB
    const gc = collector()
    gc()
    const before = process.memoryUsage()
    let most = 0
    const slow = around(async (task, ...args) => {
      await sleep(100)
      gc()
      const { arrayBuffers, heapUsed } = process.memoryUsage()
      most = Math.max(most, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed)
      await task.commit(...args)
    })
    let taken = 0
    const service = running(3, slow, {
      onCommit: inputs => {
        taken += inputs
      },
    })
    await vi.waitFor(() => expect(taken).toBe(120), { timeout: 90_000, interval: 200 })
    await service.end()
    console.log(`held at most ${(most / mib).toFixed(0)} MiB of 60`)
    expect(most).toBeLessThan(40 * mib)
  })
})

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
