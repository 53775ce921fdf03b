import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPlant } from '../../../config/load.ts'
import type { Plant } from '../../../config/plant.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import { provisionPlant } from '../../../edge-broker/provision.ts'
import { runPartition, type Worker } from '../../../edge-broker/task/shell.ts'
import { MillraceError } from '../../../model/index.ts'
import { readLetters, retryLetters, taken } from '../../../runtime/deadletter/box.ts'
import { demoPlant } from '../../../runtime/layout.ts'
import { chainWorker } from '../../../runtime/worker.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'

let cluster: TestCluster
let plant: Plant
const of = async (principal: string): Promise<Kafka> => connectKafka(await cluster.connection(principal))

beforeAll(async () => {
  plant = { ...(await loadPlant(demoPlant)), partitions: 1 }
  cluster = await startCluster({ brokers: 1 })
  const { region: _, ...alone } = plant
  plant = { ...alone, servers: plant.servers.slice(0, 1) }
  await provisionPlant(await of('admin'), plant)
})
afterAll(() => cluster?.stop())

const asset = () => plant.assets[0]!.id
const tag = 'motor-temperature'
const sample = (seq: number) =>
  JSON.stringify({
    v: 1,
    asset: asset(),
    source: 'press',
    epoch: 1,
    seq,
    tags: [tag],
    tag: [0],
    t: [seq * 200_000],
    value: [seq],
    status: [0],
  })

/** As the release before would have it: one that cannot read the records with a 3 in their number. */
const olderWorker = (): Worker => {
  const worker = chainWorker({ current: plant })
  return {
    restore: (key, value) => worker.restore(key, value),
    changed: () => worker.changed(),
    step(record) {
      if (record.value?.includes('"seq":3,'))
        throw new MillraceError('bad-payload', 'not known to this release')
      return worker.step(record)
    },
  }
}

/** Runs the partition until everything is taken. */
async function process(newWorker: () => Worker): Promise<void> {
  const kafka = await of('processors')
  const stop = new AbortController()
  const running = runPartition({
    kafka,
    partition: 0,
    inputs: ['telemetry', 'waveforms'],
    changelog: 'state',
    deadLetter: 'dead-letter',
    group: 'processors',
    newWorker,
    signal: stop.signal,
    onTrouble() {},
  })
  const topics = ['telemetry']
  const isTaken = await taken(await of('operator'), { group: 'processors', topics, timeoutMs: 30_000 })
  stop.abort()
  await running
  expect(isTaken).toBe(true)
}

async function counts(): Promise<number[]> {
  const kafka = await of('operator')
  const admin = await kafka.admin()
  const end = await admin.offsets(['aggregates-1s'], 'latest').finally(() => admin.close())
  const reader = await kafka.reader({
    partitions: [{ topic: 'aggregates-1s', partition: 0 }],
    start: 'earliest',
    end,
  })
  const found: number[] = []
  for await (const batch of reader) {
    for (const { value } of batch) found.push((JSON.parse(String(value)) as { count: number }).count)
  }
  return found
}

const write = async (values: readonly string[]) => {
  const writer = await (await of('connectors')).writer()
  await writer.write(values.map(value => ({ topic: 'telemetry', partition: 0, key: asset(), value })))
  await writer.close()
}

describe('dead letters on a real broker', () => {
  test('wait with their reason, go back once, and are read or come again', async () => {
    await write([1, 2, 3, 4, 5, 6].map(sample))
    await write([`{"v":1,"asset":"${asset()}","source":"press","epoch":1,"seq":7,`])
    await process(olderWorker)
    expect(await counts()).toEqual([3]) // of four samples before the first second, one could not be read
    const operator = await of('operator')
    const waiting = await readLetters(operator)
    expect(waiting.map(({ position, code, source }) => [position, code, source])).toEqual([
      ['telemetry/0/2', 'bad-payload', 'press'],
      ['telemetry/0/6', 'bad-payload', 'press'],
    ])
    expect(waiting[0]!.reason).toBe('not known to this release')

    const retrier = await of('retrier')
    expect(await retryLetters(retrier, {})).toHaveLength(2)
    expect(await retryLetters(retrier, {})).toHaveLength(0)
    await process(() => chainWorker({ current: plant }))
    // The window is given out again, now with the sample of the letter.
    expect(await counts()).toEqual([3, 4])
    const after = await readLetters(operator)
    expect(after.map(({ wasRetried, retryOf }) => [wasRetried, retryOf])).toEqual([
      [true, undefined],
      [true, undefined],
      [false, waiting[1]!.letter],
    ])
  })

  test('another retry that begins meanwhile fences the first, and nothing goes back twice', async () => {
    await write(['{"poison":1}', '{"poison":2}'])
    await process(() => chainWorker({ current: plant }))
    const retrier = await of('retrier')
    const both = await Promise.allSettled([retryLetters(retrier, {}), retryLetters(retrier, {})])
    const back = both.flatMap(outcome => (outcome.status === 'fulfilled' ? outcome.value : []))
    expect(new Set(back.map(({ letter }) => letter)).size).toBe(back.length)
    await process(() => chainWorker({ current: plant }))
    const letters = await readLetters(await of('operator'))
    const again = letters.flatMap(({ retryOf }) => retryOf ?? [])
    expect(new Set(again).size).toBe(again.length)
    expect(letters.filter(({ wasRetried }) => wasRetried)).toHaveLength(again.length + 1)
  })

  test('the retrier may put back and mark, and do nothing else', async () => {
    const retrier = await of('retrier')
    const reading = retrier.reader({ partitions: [{ topic: 'telemetry', partition: 0 }], start: 'latest' })
    await expect(
      reading.then(async reader => {
        for await (const _ of reader) return
      }),
    ).rejects.toMatchObject({ code: 'unauthorised' })
    const writer = await retrier.writer()
    await expect(
      writer.write([{ topic: 'signals', partition: 0, key: 'x', value: '{}' }]),
    ).rejects.toBeInstanceOf(MillraceError)
    await writer.close()
  })
})
