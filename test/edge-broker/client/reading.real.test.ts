import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection, InRecord, Kafka, OutRecord } from '../../../edge-broker/kafka.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { createTopic, drained, markEnd, numbered, partitionsOf, readAll, textOf } from './counting.ts'
import { endKey, foreignKafka, foreignTransaction, readForeign } from './foreign.ts'

const idleMs = 4_000

describe('the committed reader', () => {
  let cluster: TestCluster
  let connection: Connection
  let kafka: Kafka

  beforeAll(async () => {
    cluster = await startCluster({ brokers: 3, overrides: { 'connections.max.idle.ms': String(idleMs) } })
    connection = await cluster.connection('admin')
    kafka = connectKafka(connection)
  })
  afterAll(() => cluster?.stop())

  const write = async (records: readonly OutRecord[]) => {
    const writer = await kafka.writer()
    await writer.write(records)
    await writer.close()
  }

  test('a record comes back as it was written', async () => {
    await createTopic(kafka, 'whole', 1, { 'retention.ms': '-1' }) // some of it is years old
    const value = Uint8Array.from([0, 1, 255])
    const headers = { unit: 'm/s²', rate: '12000' }
    await write([
      {
        topic: 'whole',
        partition: 0,
        key: 'süd/halle/linie/presse',
        value,
        headers,
        timestamp: 1_700_000_000_123,
      },
      { topic: 'whole', partition: 0, key: '', value: '', timestamp: 1_600_000_000_000 },
      { topic: 'whole', partition: 0, key: 'gone', value: null }, // today: the clocks of one batch are years apart
    ])
    const [first, second, third] = (await readAll(kafka, 'whole', 1)) as [InRecord, InRecord, InRecord]
    expect(first).toMatchObject({ offset: 0n, timestamp: 1_700_000_000_123, key: 'süd/halle/linie/presse' })
    expect([...first.value!]).toEqual([0, 1, 255])
    expect(Object.fromEntries(first.headers)).toEqual(headers)
    expect(second).toMatchObject({ offset: 1n, timestamp: 1_600_000_000_000, key: '' })
    expect(second.value?.length).toBe(0)
    expect(third).toMatchObject({ key: 'gone', value: null })
    expect(Math.abs(third.timestamp - Date.now())).toBeLessThan(60_000)
  })

  test('records of aborted transactions are never seen, whoever aborted how often and how much', async () => {
    await createTopic(kafka, 'aborted', 1)
    const foreign = await foreignTransaction(connection, 'aborting')
    const filler = 'x'.repeat(900_000)
    const send = async (value: string, end: 'commit' | 'abort', pieces = 1) => {
      const transaction = await foreign.begin()
      for (let i = 0; i < pieces; i++)
        await transaction.send({ topic: 'aborted', messages: [{ key: 'k', value }] })
      await transaction[end]()
    }
    await send('bad 1', 'abort')
    await send('good 1', 'commit')
    await send('bad 2', 'abort')
    await send('good 2', 'commit')
    await send(filler, 'abort', 7) // its marker comes in a later fetch than its first records
    await send('good 3', 'commit')
    await foreign.close()
    expect((await readAll(kafka, 'aborted', 1)).map(textOf)).toEqual(['good 1', 'good 2', 'good 3'])
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])('%s batches of the broker are read', async algorithm => {
    const topic = `packed-${algorithm}`
    await createTopic(kafka, topic, 1, { 'compression.type': algorithm })
    const records = Array.from({ length: 500 }, (_, n) => ({
      topic,
      partition: 0,
      key: `press-${n % 7}`,
      value: JSON.stringify({ n, value: [n, n + 1, n * n] }),
    }))
    await write(records)
    expect((await readAll(kafka, topic, 1)).map(textOf)).toEqual(records.map(({ value }) => value))
  })

  test('a foreign client reads our compressed batches', async () => {
    await createTopic(kafka, 'ours', 1)
    const sent = numbered('ours', 1, 0, 2_000)
    await write(sent)
    await markEnd(kafka, 'ours', 1)
    expect((await readForeign(connection, 'ours', 1)).map(({ value }) => value)).toEqual(
      sent.map(({ value }) => value),
    )
  })

  test('it starts where it is told and ends before the given end', async () => {
    await createTopic(kafka, 'bounds', 2, { 'retention.ms': '-1' }) // its records are years old
    const at = 1_700_000_000_000
    await write(numbered('bounds', 2, 0, 20).map((record, n) => ({ ...record, timestamp: at + n * 1000 })))
    const admin = await kafka.admin()
    const end = await admin.offsets(['bounds'], 'latest')
    const partitions = partitionsOf('bounds', 2)
    const read = async (start: Parameters<Kafka['reader']>[0]['start'], until = end) =>
      (await drained(await kafka.reader({ partitions, start, end: until })))
        .map(textOf)
        .map(Number)
        .sort((a, b) => a - b)
    expect(await read('earliest')).toHaveLength(20)
    expect(await read('latest')).toEqual([])
    expect(await read({ timestamp: at + 15_000 })).toEqual([15, 16, 17, 18, 19])
    expect(await read([{ topic: 'bounds', partition: 0, offset: 9n }])).toEqual([
      1, 3, 5, 7, 9, 11, 13, 15, 17, 18, 19,
    ])
    expect(
      await read(
        'earliest',
        end.map(position => ({ ...position, offset: 2n })),
      ),
    ).toEqual([0, 1, 2, 3])
    expect(await drained(await kafka.reader({ partitions, start: 'earliest', end: [] }))).toEqual([])
    await admin.close()
  })

  test.each(['commit', 'abort'] as const)(
    'it ends where only the marker of a %s is left, beside a partition that goes on',
    async how => {
      const topic = `marked-${how}`
      await createTopic(kafka, topic, 2)
      const foreign = await foreignTransaction(connection, topic)
      const transaction = await foreign.begin()
      await transaction.send({ topic, messages: [{ key: 'k', value: 'last', partition: 0 }] })
      await transaction[how]()
      await foreign.close()
      const stop = new AbortController()
      const beside = (async () => {
        for (let n = 0; !stop.signal.aborted; n++)
          await write([{ topic, partition: 1, key: 'n', value: String(n) }])
      })()
      const end = [{ topic, partition: 0, offset: 2n }] // the record, and its marker
      const reader = await kafka.reader({ partitions: partitionsOf(topic, 2), start: 'earliest', end })
      const read = await drained(reader)
      stop.abort()
      await beside
      const of = read.filter(({ partition }) => partition === 0).map(textOf)
      expect(of).toEqual(how === 'commit' ? ['last'] : [])
    },
  )

  test('what retention removed is told, or ends the reading', async () => {
    await createTopic(kafka, 'removed', 1)
    await write(numbered('removed', 1, 0, 10))
    const foreign = foreignKafka(connection).admin()
    await foreign.connect()
    await foreign.fetchTopicOffsets('removed')
    await foreign.deleteTopicRecords({ topic: 'removed', partitions: [{ partition: 0, offset: '6' }] })
    await foreign.disconnect()
    const partitions = partitionsOf('removed', 1)
    const start = [{ topic: 'removed', partition: 0, offset: 2n }]
    const end = [{ topic: 'removed', partition: 0, offset: 10n }]
    await expect(kafka.reader({ partitions, start, end }).then(drained)).rejects.toMatchObject({
      code: 'bad-address',
    })
    const gaps: unknown[] = []
    const reader = await kafka.reader({ partitions, start, end, onGap: gap => gaps.push(gap) })
    expect((await drained(reader)).map(textOf)).toEqual(['6', '7', '8', '9'])
    expect(gaps).toEqual([{ topic: 'removed', partition: 0, from: 2n, to: 6n }])
  })

  test('a slow consumer bounds what is held in memory', async () => {
    const mib = 1024 * 1024
    const rounds = 64
    await createTopic(kafka, 'flood', 3, { 'compression.type': 'uncompressed' }, 1)
    const noise = Buffer.from(Float64Array.from({ length: mib / 8 }, Math.random).buffer)
    const writer = await kafka.writer()
    for (let n = 0; n < rounds; n++) {
      const records = [0, 1, 2].map(partition => ({
        topic: 'flood',
        partition,
        key: 'k',
        value: noise.subarray(0, 800_000),
      }))
      await writer.write(records)
    }
    await writer.close()
    const gc = collector()
    gc()
    const before = process.memoryUsage().arrayBuffers
    const admin = await kafka.admin()
    const end = await admin.offsets(['flood'], 'latest').finally(() => admin.close())
    let read = 0
    let most = 0
    let batches = 0
    for await (const batch of await kafka.reader({
      partitions: partitionsOf('flood', 3),
      start: 'earliest',
      end,
    })) {
      read += batch.reduce((sum, { value }) => sum + value!.length, 0)
      await new Promise(resolve => setTimeout(resolve, 40)) // the consumer's work
      if (++batches % 4 !== 0) continue
      gc()
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    expect(read).toBe(rounds * 3 * 800_000)
    expect(most).toBeLessThan(64 * mib) // of 146: one answer of 4 MiB a partition, and what is on its way
  })

  test('what comes steadily comes ten times a second, whole', async () => {
    await createTopic(kafka, 'steady', 1)
    const reader = await kafka.reader({ partitions: partitionsOf('steady', 1), start: 'latest' })
    const count = 200
    const read: string[] = []
    const at: number[] = []
    const reading = (async () => {
      for await (const batch of reader) {
        at.push(performance.now())
        read.push(...batch.map(textOf))
        if (read.length >= count) return
      }
    })()
    const writer = await kafka.writer()
    for (let n = 0; n < count; n++) {
      await writer.write(numbered('steady', 1, n, n + 1))
      await sleep(5)
    }
    await writer.close()
    await reading
    expect(read).toEqual(Array.from({ length: count }, (_, n) => String(n)))
    const seconds = (at.at(-1)! - at[0]!) / 1_000
    expect(seconds).toBeGreaterThan(1)
    expect(at.length).toBeLessThanOrEqual(10 * seconds + 2)
  })

  test('close() ends a waiting iteration at once, and leaving the loop closes', async () => {
    await createTopic(kafka, 'quiet', 1)
    const reader = await kafka.reader({ partitions: partitionsOf('quiet', 1), start: 'latest' })
    const iteration = drained(reader)
    const begin = performance.now()
    await reader.close()
    expect(await iteration).toEqual([])
    expect(performance.now() - begin).toBeLessThan(1_000)
    await write(numbered('quiet', 1, 0, 1))
    for await (const batch of await kafka.reader({
      partitions: partitionsOf('quiet', 1),
      start: 'earliest',
    })) {
      expect(batch.map(textOf)).toEqual(['0'])
      break
    }
  })

  test('all four work on after the brokers have closed their idle connections', async () => {
    await createTopic(kafka, 'idle', 1)
    const [task, writer, admin] = [
      await kafka.task({ id: 'idle', group: 'idle' }),
      await kafka.writer(),
      await kafka.admin(),
    ]
    const reader = await kafka.reader({ partitions: partitionsOf('idle', 1), start: 'earliest' })
    const read: string[] = []
    const iteration = (async () => {
      for await (const batch of reader) {
        read.push(...batch.map(textOf))
        if (batch.some(({ key }) => key === endKey)) return
      }
    })()
    const round = async (n: number) => {
      await task.commit(numbered('idle', 1, n, n + 1), [{ topic: 'idle', partition: 0, offset: BigInt(n) }])
      await writer.write(numbered('idle', 1, n + 1, n + 2))
      expect(await admin.topics()).toContain('idle')
      expect(await task.positions(partitionsOf('idle', 1))).toMatchObject([{ offset: BigInt(n) }])
    }
    await round(0)
    for (const n of [2, 4]) {
      await allClosedWhenIdle(connection)
      await round(n)
    }
    await markEnd(kafka, 'idle', 1)
    await iteration
    expect(read.slice(0, 6)).toEqual(['0', '1', '2', '3', '4', '5'])
    await Promise.all([task.close(), writer.close(), admin.close()])
  })
})

/** A connection that is opened now and idle is closed by its broker after every one that has been idle for longer. */
async function allClosedWhenIdle({ bootstrap, tls }: Connection): Promise<void> {
  const files = { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) }
  await Promise.all(
    bootstrap.map(async address => {
      const [host, port] = address.split(':')
      const socket = connect({ host: host!, port: Number(port), ...files })
      socket.resume()
      await once(socket, 'close')
    }),
  )
}

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
