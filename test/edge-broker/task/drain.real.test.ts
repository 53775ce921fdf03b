import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection, Kafka, Task } from '../../../edge-broker/kafka.ts'
import { own } from '../../../edge-broker/lease/own.ts'
import { drain } from '../../../edge-broker/task/drain.ts'
import type { MillraceError } from '../../../model/index.ts'
import { backlogOf } from '../../../runtime/backlog.ts'
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
  await admin.createTopics([
    { name: 'telemetry', partitions: 2, replicas: 3, config: {} },
    { name: 'ledger', partitions: 1, replicas: 3, config: {} },
  ])
  await admin.close()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await cluster?.stop()
})

function ingest(buffer: string) {
  const child = fork(join(import.meta.dirname, 'ingesting.ts'), [JSON.stringify(connection), buffer], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(child)
  let appended = 0
  child.on('message', message => {
    appended = (message as { appended: number }).appended
  })
  const started = new Promise<void>(resolve => child.once('message', () => resolve()))
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  return {
    started,
    appended: () => appended,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Drains what is left in the buffer and gives its last sequence number and epoch. */
async function drainRest(path: string): Promise<{ lastSeq: number; epoch: number }> {
  const buffer = openBuffer({ path })
  const backlog = backlogOf(buffer, 'plc', 2)
  const { signal } = new AbortController()
  const of = { source: 'plc', server: 'p1', backlog, signal }
  const claim = { servers: ['p1'], maxSessions: 1, wordOf: () => 'unknown' as const, onBehind: () => {} }
  const { task } = await own({ kafka, ...of, ...claim })
  const onTrouble = (error: MillraceError) => console.error(error.explanation)
  await drain({ task, ...of, last: AbortSignal.abort(), onTrouble })
  await task.close()
  const { lastSeq, epoch, waiting } = buffer
  expect(waiting).toBe(0)
  buffer.close()
  return { lastSeq, epoch }
}

async function telemetry(): Promise<{ epoch: number; seq: number; number: number }[]> {
  const admin = await kafka.admin()
  const end = await admin.offsets(['telemetry'], 'latest')
  await admin.close()
  const partitions = [0, 1].map(partition => ({ topic: 'telemetry', partition }))
  const reader = await kafka.reader({ partitions, start: 'earliest', end })
  const records: { epoch: number; seq: number; number: number }[] = []
  for await (const batch of reader) {
    for (const { value } of batch) records.push(JSON.parse(String(value)))
  }
  return records
}

describe('draining a disk buffer', () => {
  test('has every row in Kafka exactly once and in order, though the process is killed again and again and a broker dies', async () => {
    const path = join(cluster.dir, 'buffer.db')
    let promised = 0
    let restarted = Promise.resolve()
    for (let round = 0; round < 5; round++) {
      const process = ingest(path)
      await process.started
      await sleep(700 + 300 * round)
      if (round === 2) {
        await cluster.brokers[0]?.kill()
        await sleep(500)
        restarted = cluster.brokers[0]!.start()
      }
      promised = process.appended()
      await process.kill()
    }
    await restarted
    const { lastSeq, epoch } = await drainRest(path)
    expect(lastSeq).toBeGreaterThanOrEqual(promised)
    expect(promised).toBeGreaterThan(500)
    const expected = Array.from({ length: lastSeq }, (_, i) => ({ epoch, seq: i + 1, number: i + 1 }))
    expect((await telemetry()).map(({ epoch, seq, number }) => ({ epoch, seq, number }))).toEqual(expected)
  })

  test('has what comes steadily in ten transactions a second, and the last of it before it ends', async () => {
    const buffer = openBuffer({ path: join(cluster.dir, 'steady.db') })
    const { signal } = new AbortController()
    const last = new AbortController()
    const of = { source: 'steady', server: 'p1', backlog: backlogOf(buffer, 'steady', 2), signal }
    const claim = { servers: ['p1'], maxSessions: 1, wordOf: () => 'unknown' as const, onBehind: () => {} }
    const { task } = await own({ kafka, ...of, ...claim })
    const commits: number[] = []
    const counted: Task = {
      positions: places => task.positions(places),
      settle: partitions => task.settle(partitions),
      close: () => task.close(),
      commit(...given) {
        commits.push(performance.now())
        return task.commit(...given)
      },
    }
    const onTrouble = (error: MillraceError) => console.error(error.explanation)
    const draining = drain({ task: counted, ...of, last: last.signal, onTrouble })
    for (let n = 1; n <= 300; n++) {
      const body = Buffer.from(`"number":${n}}`)
      const record = { topic: 'telemetry', asset: 's/a/l/steady', body, samples: 1 } as const
      buffer.append([record], Date.now() * 1000, String(n))
      await sleep(5)
    }
    last.abort()
    await draining
    expect(buffer.acknowledgedSeq).toBe(300)
    buffer.close()
    await task.close()
    const seconds = (commits.at(-1)! - commits[0]!) / 1_000
    expect(seconds).toBeGreaterThan(1)
    expect(commits.length).toBeLessThanOrEqual(10 * seconds + 2)
  })

  test('starts a new epoch when the disk was lost, so that no name is used twice', async () => {
    const path = join(cluster.dir, 'buffer.db')
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    const before = await telemetry()
    const process = ingest(path)
    await process.started
    await sleep(500)
    await process.kill()
    const { lastSeq, epoch } = await drainRest(path)
    expect(epoch).toBe(Math.max(...before.map(record => record.epoch)) + 1)
    const added = (await telemetry()).slice(before.length)
    expect(added.map(record => [record.epoch, record.seq])).toEqual(
      Array.from({ length: lastSeq }, (_, i) => [epoch, i + 1]),
    )
  })

  test('sends again what Kafka has forgotten of an epoch, each row under its own name', async () => {
    const path = join(cluster.dir, 'forgotten.db')
    const buffer = openBuffer({ path })
    const record = (number: number) =>
      ({
        topic: 'telemetry',
        asset: 's/a/l/m',
        body: Buffer.from(`"number":${number}}`),
        samples: 1,
      }) as const
    buffer.append([record(1), record(2)], Date.now() * 1000, '1')
    // The hall's power cut took the first two from the brokers, claim and position included, and left the disk.
    const epoch = 1_000
    buffer.adoptEpoch(epoch, 0)
    buffer.acknowledge(2, Date.now())
    buffer.append([record(3)], Date.now() * 1000, '3')
    buffer.close()
    const before = (await telemetry()).length
    expect((await drainRest(path)).epoch).toBe(epoch)
    const added = (await telemetry()).slice(before)
    expect(added.map(({ epoch, seq, number }) => [epoch, seq, number])).toEqual([
      [epoch, 1, 1],
      [epoch, 2, 2],
      [epoch, 3, 3],
    ])
  })
})
