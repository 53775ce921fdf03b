import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection, Kafka, Position, Task, Writer } from '../../../edge-broker/kafka.ts'
import { MillraceError } from '../../../model/index.ts'
import { startCluster, type TestBroker, type TestCluster } from '../../cluster.ts'
import { createTopic, markEnd, numbered, partitionsOf, tally, textOf, whole } from './counting.ts'
import { endKey, readForeign } from './foreign.ts'
import type { IngestOptions } from './ingest.ts'

const partitions = 6

describe('deaths', () => {
  let cluster: TestCluster
  let connection: Connection
  let kafka: Kafka

  beforeAll(async () => {
    // A coordinator waits this long for a frozen broker to take the markers of a transaction.
    cluster = await startCluster({ brokers: 3, overrides: { 'request.timeout.ms': '6000' } })
    connection = await cluster.connection('admin')
    kafka = connectKafka(connection, { timeoutMs: 120_000 })
  })
  afterAll(() => cluster?.stop())

  /** What a foreign reader finds of the numbers below `count`. */
  const counted = async (topic: string, count: number) => {
    await markEnd(kafka, topic, partitions)
    const records = await readForeign(connection, topic, partitions)
    return tally(
      records.map(({ value }) => value),
      count,
    )
  }

  const leaderOf = async (topic: string): Promise<TestBroker> => {
    const admin = await kafka.admin()
    const [first] = await admin.replicas([topic]).finally(() => admin.close())
    return cluster.brokers.find(({ id }) => id === first?.leader)!
  }

  /** Kills a leader while `work` goes on, and starts it again once `work` has got further. */
  const killWhile = async (topic: string, work: (n: number) => Promise<unknown>, rounds: number) => {
    const broker = await leaderOf(topic)
    let death: Promise<void> | undefined
    for (let n = 0; n < rounds; n++) {
      const step = work(n)
      if (n === Math.floor(rounds / 4)) death = broker.kill()
      await step
    }
    await death
    await broker.start()
  }

  test('trap 1: writes over many partitions outlive the death of a leader, nothing lost or doubled', async () => {
    await createTopic(kafka, 'idempotent', partitions)
    const writer = await kafka.writer()
    const a = 400
    await killWhile(
      'idempotent',
      n => writer.write(numbered('idempotent', partitions, n * a, (n + 1) * a)),
      60,
    )
    await writer.close()
    expect(await counted('idempotent', 60 * a)).toEqual(whole)
  })

  test('transactions outlive the death of a leader, nothing lost or doubled, and a reader sees each once', async () => {
    await createTopic(kafka, 'transactional', partitions)
    const reader = await kafka.reader({
      partitions: partitionsOf('transactional', partitions),
      start: 'earliest',
    })
    const seen: string[] = []
    const reading = (async () => {
      let ends = 0
      for await (const batch of reader) {
        ends += batch.filter(({ key }) => key === endKey).length
        seen.push(...batch.filter(({ key }) => key !== endKey).map(textOf))
        if (ends === partitions) return
      }
    })()
    const count = 8_000
    const task = await kafka.task({ id: 'transactional', group: 'transactional' })
    await killWhile('transactional', n => commitUpTo(task, 'transactional', ((n + 1) * count) / 40), 40)
    await task.close()
    expect(await counted('transactional', count)).toEqual(whole)
    await reading
    expect(tally(seen, count)).toEqual(whole)
  })

  test('a broker that was frozen and comes back as if nothing had been takes nothing twice and gives no old position', async () => {
    await createTopic(kafka, 'frozen', partitions)
    const each = 90
    const ids = Array.from({ length: partitions }, (_, n) => `frozen-${n}`)
    const all = (through: Kafka, to: number) =>
      Promise.all(
        ids.map(async (id, n) => {
          const task = await through.task({ id, group: id })
          await commitUpTo(task, 'frozen', to, n * each)
          await task.close()
        }),
      )
    await all(kafka, 30)
    const broker = await leaderOf('frozen')
    process.kill(broker.pid, 'SIGSTOP')
    try {
      await all(kafka, 60) // goes on when partitions and groups have moved
    } finally {
      process.kill(broker.pid, 'SIGCONT')
    }
    await all(connectKafka({ ...connection, bootstrap: [`${broker.address}:${broker.port}`] }), each)
    expect(await counted('frozen', partitions * each)).toEqual(whole)
  })

  test('trap 11: an ingesting process killed again and again, and overtaken alive, sends each record once', async () => {
    await createTopic(kafka, 'ingested', partitions)
    const count = 6_000
    const file = join(cluster.dir, 'numbers.txt')
    await writeFile(file, Array.from({ length: count }, (_, n) => `${n}\n`).join(''))
    const options = { connection, id: 'ingest', topic: 'ingested', partitions, file, linesAtOnce: 50 }
    let overtaken: Ingesting | undefined
    for (let kill = 1; kill <= 5; kill++) {
      const ingesting = ingest(options)
      await ingesting.reaches((kill * count) / 8)
      if (overtaken) expect(await overtaken.exit).toBe(3) // it was fenced and has stopped by itself
      overtaken = undefined
      if (kill % 2 === 0) overtaken = ingesting
      else ingesting.child.kill('SIGKILL')
    }
    const last = ingest(options)
    expect(await last.exit).toBe(0)
    expect(await counted('ingested', count)).toEqual(whole)
  })

  test('everything goes on after all brokers were killed and have started again', async () => {
    await createTopic(kafka, 'restarted', partitions)
    const reader = await kafka.reader({
      partitions: partitionsOf('restarted', partitions),
      start: 'earliest',
    })
    const seen: string[] = []
    const reading = (async () => {
      for await (const batch of reader) {
        seen.push(...batch.map(textOf))
        if (seen.length >= 4_000) return
      }
    })()
    const task = await kafka.task({ id: 'restarted', group: 'restarted' })
    const writer = await kafka.writer()
    await commitUpTo(task, 'restarted', 1_000)
    await Promise.all(cluster.brokers.map(broker => broker.kill()))
    const commits = commitUpTo(task, 'restarted', 2_000)
    await Promise.all(cluster.brokers.map(broker => broker.start()))
    await commits
    await commitUpTo(task, 'restarted', 3_000)
    await writeUntilKnown(writer, 'restarted', 3_000, 4_000)
    await reading
    expect(
      tally(
        seen.filter(n => Number(n) < 3_000),
        3_000,
      ),
    ).toEqual(whole)
    await Promise.all([task.close(), writer.close()])
  })
})

/**
 * Commits `to` numbers from `base` on, from where the positions say, as everybody has to: again from there after a
 * transient error.
 */
async function commitUpTo(task: Task, topic: string, to: number, base = 0): Promise<void> {
  const anchor = { topic, partition: 0 }
  const next = (positions: Position[]) => Number(positions[0]?.offset ?? 0n)
  for (;;) {
    try {
      for (let from = next(await task.positions([anchor])); from < to; from = Math.min(to, from + 100)) {
        const end = Math.min(to, from + 100)
        const records = numbered(topic, partitions, base + from, base + end)
        await task.commit(records, [{ ...anchor, offset: BigInt(end) }])
      }
      return
    } catch (error) {
      if (!(error instanceof MillraceError && error.transient)) throw error
    }
  }
}

async function writeUntilKnown(writer: Writer, topic: string, from: number, to: number): Promise<void> {
  for (;;) {
    try {
      return await writer.write(numbered(topic, partitions, from, to))
    } catch (error) {
      if (!(error instanceof MillraceError && error.transient)) throw error
    }
  }
}

type Ingesting = {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  /** Resolves once it has committed up to this line, or has ended. */
  reaches(line: number): Promise<void>
}

function ingest(options: IngestOptions): Ingesting {
  const script = join(import.meta.dirname, 'ingest.ts')
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  const lines = createInterface({ input: child.stdout! })
  return {
    child,
    exit,
    async reaches(line) {
      const reached = Promise.withResolvers<void>()
      lines.on('line', text => {
        if (Number(text) >= line) reached.resolve()
      })
      await Promise.race([reached.promise, exit])
    },
  }
}
