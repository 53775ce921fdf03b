import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaError } from '../../../edge-broker/client/errors.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import { takeBack, takeOver } from '../../../edge-broker/client/ownership.ts'
import { patience } from '../../../edge-broker/client/patience.ts'
import type { Connection, Kafka } from '../../../edge-broker/kafka.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import {
  createTopic,
  numbered,
  offsetsByPartition,
  partitionsOf,
  readAll,
  tally,
  textOf,
  whole,
} from './counting.ts'
import { foreignTransaction, kafkaTool } from './foreign.ts'

/** One test a trap of the client library that was found by measuring; 1 and 11 need deaths: see crashes.real.test.ts. */
describe('traps of the client library', () => {
  let cluster: TestCluster
  let connection: Connection
  let kafka: Kafka

  beforeAll(async () => {
    const overrides = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500' }
    cluster = await startCluster({ brokers: 3, overrides })
    connection = await cluster.connection('admin')
    kafka = connectKafka(connection)
  })
  afterAll(() => cluster?.stop())

  test('trap 2: a task that is opened again under its id is not fenced itself', async () => {
    await createTopic(kafka, 'reopened', 1)
    for (const value of ['first', 'second']) {
      const task = await kafka.task({ id: 'reopened', group: 'reopened' })
      await task.commit([{ topic: 'reopened', partition: 0, key: 'k', value }], [])
      await task.close()
    }
    expect((await readAll(kafka, 'reopened', 1)).map(textOf)).toEqual(['first', 'second'])
  })

  test('trap 3: all positions of one commit are kept', async () => {
    await createTopic(kafka, 'positions', 12)
    const task = await kafka.task({ id: 'positions', group: 'positions' })
    const positions = partitionsOf('positions', 12).map(of => ({ ...of, offset: BigInt(of.partition + 100) }))
    await task.commit([], positions)
    const found = await task.positions(partitionsOf('positions', 12))
    expect(offsetsByPartition(found)).toEqual(offsetsByPartition(positions))
    await task.close()
  })

  test('trap 4: a first commit to many partitions at once holds all its records', async () => {
    await createTopic(kafka, 'fresh', 12)
    const task = await kafka.task({ id: 'fresh', group: 'fresh' })
    await task.commit(numbered('fresh', 12, 0, 1200), [])
    await task.close()
    expect(tally((await readAll(kafka, 'fresh', 12)).map(textOf), 1200)).toEqual(whole)
  })

  test('trap 5: more than the broker takes at once goes in pieces, in order', async () => {
    await createTopic(kafka, 'big', 2, { 'max.message.bytes': '1048588' })
    const records = Array.from({ length: 60 }, (_, n) => ({
      topic: 'big',
      partition: n % 2,
      key: String(n),
      value: randomBytes(100_000 + n),
    }))
    const task = await kafka.task({ id: 'big', group: 'big' })
    await task.commit(records, [])
    await task.close()
    const found = await readAll(kafka, 'big', 2)
    const keysOf = (partition: number) =>
      found.filter(record => record.partition === partition).map(({ key }) => key)
    expect(keysOf(0)).toEqual(Array.from({ length: 30 }, (_, i) => String(2 * i)))
    expect(keysOf(1)).toEqual(Array.from({ length: 30 }, (_, i) => String(2 * i + 1)))
    expect(found.every(({ key, value }) => value?.length === 100_000 + Number(key))).toBe(true)
  })

  test('trap 6: transactions follow one another without a quarter of a second between them', async () => {
    await createTopic(kafka, 'quick', 3)
    const task = await kafka.task({ id: 'quick', group: 'quick' })
    await task.commit(numbered('quick', 3, 0, 1), []) // what follows has to wait for its markers
    let fastest = Number.POSITIVE_INFINITY
    const patience = Date.now() + 60_000 // on a busy machine it takes a while until one goes undisturbed
    for (let n = 1; fastest > 150 && Date.now() < patience; n++) {
      const begin = performance.now()
      await task.commit(numbered('quick', 3, n, n + 1), [])
      fastest = Math.min(fastest, performance.now() - begin)
    }
    await task.close()
    expect(fastest).toBeLessThan(150)
  })

  test('trap 7: the coordinator gives a transaction more than the five seconds of the library', async () => {
    const task = await kafka.task({ id: 'timed', group: 'timed' })
    const told = await kafkaTool(cluster, connection, 'TransactionsCommand', [
      'describe',
      '--transactional-id',
      'timed',
    ])
    await task.close()
    const [names, values] = told
      .trim()
      .split('\n')
      .slice(-2)
      .map(line => line.trim().split(/\s+/))
    expect(values?.[names!.indexOf('TransactionTimeoutMs')]).toBe('20000')
  })

  test('trap 8: positions are read only when the transaction that moves them is settled', async () => {
    await createTopic(kafka, 'stable', 1)
    const foreign = await foreignTransaction(connection, 'stable-foreign')
    const transaction = await foreign.begin()
    await transaction.sendOffsets({
      consumerGroupId: 'stable',
      topics: [{ topic: 'stable', partitions: [{ partition: 0, offset: '7' }] }],
    })
    const admin = await kafka.admin()
    let settled = false
    const positions = admin.groupPositions('stable', ['stable']).finally(() => {
      settled = true
    })
    await admin.brokers() // a whole exchange with the cluster, and still no answer
    await admin.offsets(['stable'], 'latest')
    expect(settled).toBe(false)
    await transaction.commit()
    expect(await positions).toEqual([{ topic: 'stable', partition: 0, offset: 7n }])
    await admin.close()
    await foreign.close()
  })

  test('trap 9: a takeover waits for no group session', async () => {
    await createTopic(kafka, 'lease', 1)
    const dead = await kafka.task({ id: 'lease', group: 'lease' })
    await dead.commit(numbered('lease', 1, 0, 1), [{ topic: 'lease', partition: 0, offset: 1n }])
    const begin = performance.now()
    const successor = await kafka.task({ id: 'lease', group: 'lease' })
    expect(await successor.positions(partitionsOf('lease', 1))).toEqual([
      { topic: 'lease', partition: 0, offset: 1n },
    ])
    expect(performance.now() - begin).toBeLessThan(5_000) // sessions end after 6 s at the least
    await successor.close()
    await dead.close()
  })

  test('trap 10: commits with nothing, or with positions only, leave no transaction open', async () => {
    await createTopic(kafka, 'empty', 1)
    const task = await kafka.task({ id: 'empty', group: 'empty' })
    await task.commit([], [])
    await task.commit([], [{ topic: 'empty', partition: 0, offset: 5n }])
    await task.commit([], [])
    await task.commit(numbered('empty', 1, 0, 1), [])
    expect(await task.positions(partitionsOf('empty', 1))).toEqual([
      { topic: 'empty', partition: 0, offset: 5n },
    ])
    await task.close()
    expect((await readAll(kafka, 'empty', 1)).map(textOf)).toEqual(['0']) // beyond an open one nothing could be read
  })

  test('a predecessor is fenced, for good, and what it had not committed is not there', async () => {
    await createTopic(kafka, 'fenced', 1)
    const first = await kafka.task({ id: 'fenced', group: 'fenced' })
    await first.commit(numbered('fenced', 1, 0, 1), [{ topic: 'fenced', partition: 0, offset: 1n }])
    const second = await kafka.task({ id: 'fenced', group: 'fenced' })
    const fenced = expect.objectContaining({ code: 'fenced', transient: false })
    await expect(
      first.commit([{ topic: 'fenced', partition: 0, key: 'n', value: 'zombie' }], []),
    ).rejects.toEqual(fenced)
    await expect(first.positions(partitionsOf('fenced', 1))).rejects.toEqual(fenced)
    await second.commit(numbered('fenced', 1, 1, 2), [{ topic: 'fenced', partition: 0, offset: 2n }])
    await first.close()
    await second.commit(numbered('fenced', 1, 2, 3), [])
    await second.close()
    expect((await readAll(kafka, 'fenced', 1)).map(textOf)).toEqual(['0', '1', '2'])
  })

  /** Takes an id over and leaves a transaction with one record open. */
  const openTransaction = async (topic: string, transactionTimeoutMs: number) => {
    const holder = { id: topic, settings: { connection, timeoutMs: 30_000, transactionTimeoutMs } }
    const held = await takeOver(holder, patience('take over', 30_000))
    const transaction = await held.producer.beginTransaction()
    held.ownership.openSince = performance.now()
    const message = { topic, partition: 0, key: Buffer.from('n'), value: Buffer.from('open') }
    await transaction.addPartitions(await held.producer.metadata({ topics: [topic] }), [message])
    const send = () => transaction.send({ messages: [message] })
    await send()
    return { ...held, holder, transaction, send }
  }

  test('a transaction that took too long is not taken for a successor', async () => {
    await createTopic(kafka, 'overdue', 1)
    const { holder, ownership, producer, send } = await openTransaction('overdue', 3_000)
    const untilFenced = async () => {
      for (;;) await send().then(() => sleep(100))
    }
    await expect(untilFenced().catch(error => kafkaError(error, 'send'))).resolves.toMatchObject({
      code: 'fenced',
    })
    const again = await takeBack(holder, patience('take back', 30_000), ownership)
    await Promise.all([producer.close(), again.producer.close()])
    expect(await readAll(kafka, 'overdue', 1)).toEqual([])
  })

  test('one that comes back from a long sleep leaves the transaction of its successor alone', async () => {
    await createTopic(kafka, 'asleep', 1)
    const sleeper = await openTransaction('asleep', 20_000)
    const successor = await openTransaction('asleep', 20_000)
    const back = takeBack(sleeper.holder, patience('take back', 30_000), sleeper.ownership)
    await expect(back).rejects.toMatchObject({ code: 'fenced' })
    await successor.transaction.commit()
    await Promise.all([sleeper.producer.close(), successor.producer.close()])
    expect((await readAll(kafka, 'asleep', 1)).map(textOf)).toEqual(['open'])
  })

  test('one that was overtaken while idle does not take what its successor aborts for its own', async () => {
    await createTopic(kafka, 'idle-owner', 1)
    const place = { topic: 'idle-owner', partition: 0 }
    const first = await kafka.task({ id: 'idle-owner', group: 'idle-owner' })
    await first.commit(numbered('idle-owner', 1, 0, 1), [{ ...place, offset: 1n }])
    const second = await kafka.task({ id: 'idle-owner', group: 'idle-owner' })
    await second.positions([place]) // which aborts a transaction, an epoch ahead of the first
    const fenced = expect.objectContaining({ code: 'fenced', transient: false })
    await expect(first.commit(numbered('idle-owner', 1, 9, 10), [])).rejects.toEqual(fenced)
    await second.commit(numbered('idle-owner', 1, 1, 2), [{ ...place, offset: 2n }])
    await Promise.all([first.close(), second.close()])
    expect((await readAll(kafka, 'idle-owner', 1)).map(textOf)).toEqual(['0', '1'])
  })

  test('a task whose commit was given up reads its positions before it commits again', async () => {
    await createTopic(kafka, 'given-up', 3)
    const giveUp = new AbortController()
    const task = await kafka.task({ id: 'given-up', group: 'given-up', signal: giveUp.signal })
    const commit = task.commit(numbered('given-up', 3, 0, 3), [
      { topic: 'given-up', partition: 0, offset: 3n },
    ])
    giveUp.abort()
    await expect(commit).rejects.toMatchObject({ code: 'broker-unavailable', transient: true })
    await expect(task.commit(numbered('given-up', 3, 0, 3), [])).rejects.toMatchObject({ code: 'internal' })
    await task.close()
    const next = await kafka.task({ id: 'given-up', group: 'given-up' })
    const [position] = await next.positions(partitionsOf('given-up', 1))
    const from = Number(position?.offset ?? 0n)
    await next.commit(numbered('given-up', 3, from, 6), [{ topic: 'given-up', partition: 0, offset: 6n }])
    await next.close()
    expect(tally((await readAll(kafka, 'given-up', 3)).map(textOf), 6)).toEqual(whole)
  })
})
