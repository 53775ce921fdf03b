/**
 * Two and three processors services share the partitions, while numbers stream in: joining, leaving in order and dying
 * move work, and afterwards every window is there once, with the numbers that were sent.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import type { Beat } from '../../../edge-broker/lease/roster.ts'
import { partitionOf } from '../../../edge-broker/partition.ts'
import type { Aggregate } from '../../../model/index.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { drained } from '../../edge-broker/client/counting.ts'
import { type Name, names, prepareServices, type Service } from './services.ts'

const partitions = 6
/** A record is one window of source time, and as many are sent a second as the machine lets. */
const [everyMs, windowMicros, samples] = [200, 1_000_000, 10]
const base = 1_700_000_000_000_000
/** One line in every partition. */
const lines = Array.from({ length: partitions }, (_, partition) => {
  const all = Array.from({ length: 1_000 }, (_, n) => `s/a/line-${n}`)
  return all.find(line => partitionOf(line, partitions) === partition)!
})

let cluster: TestCluster
let kafka: Kafka
let services: Record<Name, Service>
let sent = 0
const stop = new AbortController()
let feeding: Promise<void>
/** When the windows of each partition came, ms of the clock. */
const arrivals = lines.map((): number[] => [])
let following: Promise<void>

beforeAll(async () => {
  cluster = await startCluster({ brokers: 1 })
  services = await prepareServices(cluster, partitions)
  kafka = connectKafka(await cluster.connection('admin'))
  services.p1.start()
  feeding = feed()
  following = follow()
})
afterAll(async () => {
  stop.abort()
  await Promise.all(Object.values(services ?? {}).map(service => service.end('SIGKILL')))
  await following
  await cluster?.stop()
})
beforeEach(({ onTestFailed }) =>
  onTestFailed(() => {
    for (const { name, said } of Object.values(services)) console.log(name, said().slice(-6_000))
  }),
)

const numbersOf = (seq: number) => Array.from({ length: samples }, (_, i) => seq * samples + i)

const telemetry = (partition: number, seq: number, start: number) => {
  const value = { v: 1, asset: `${lines[partition]}/m`, source: `source-${partition}`, epoch: 1, seq }
  const numbers = numbersOf(seq)
  const columns = {
    tags: ['n'],
    tag: numbers.map(() => 0),
    t: numbers.map((_, i) => start + (i * windowMicros) / samples),
    value: numbers,
    status: numbers.map(() => 0),
  }
  return { topic: 'telemetry', partition, key: value.asset, value: JSON.stringify({ ...value, ...columns }) }
}

async function feed(): Promise<void> {
  const writer = await kafka.writer()
  const of = (seq: number, start: number) => lines.map((_, partition) => telemetry(partition, seq, start))
  while (!stop.signal.aborted) {
    await writer.write(of(sent + 1, base + sent * windowMicros))
    sent++
    await sleep(everyMs)
  }
  await writer.write(of(sent + 1, base + sent * windowMicros + 7_200_000_000)) // closes the last window
  await writer.close()
}

async function follow(): Promise<void> {
  const places = lines.map((_, partition) => ({ topic: 'aggregates-1s', partition }))
  const reader = await kafka.reader({ partitions: places, start: 'earliest' })
  stop.signal.addEventListener('abort', () => void reader.close())
  for await (const batch of reader) for (const { partition } of batch) arrivals[partition]!.push(Date.now())
}

/** The longest that any partition gave nothing since then, ms. */
function longestPause(since: number): number {
  const pauses = arrivals.map(times => {
    const points = [since, ...times.filter(at => at > since), Date.now()]
    return Math.max(...points.slice(1).map((at, i) => at - points[i]!))
  })
  return Math.max(...pauses)
}

/** What each service says to hold, once it is `expected`. */
const holds = (expected: Partial<Record<Name, number>>) =>
  vi.waitFor(
    async () => {
      const admin = await kafka.admin()
      const end = await admin.offsets(['processor-leases'], 'latest').finally(() => admin.close())
      const place = { topic: 'processor-leases', partition: 0 }
      const beats = await drained(await kafka.reader({ partitions: [place], start: 'earliest', end }))
      const last = new Map(beats.map(({ value }) => [...said(JSON.parse(String(value)) as Beat)]))
      for (const name of names) expect([name, last.get(name) ?? 0]).toEqual([name, expected[name] ?? 0])
    },
    { timeout: 40_000, interval: 300 },
  )
const said = ({ server, state, sources }: Beat) =>
  [server, state === 'leaving' ? 0 : Object.values(sources).filter(word => word === 'held').length] as const

const settled = () => sleep(2_000)

test('the first takes all of them', async () => {
  await holds({ p1: 6 })
  await vi.waitFor(() => expect(arrivals.every(times => times.length > 2)).toBe(true), { timeout: 30_000 })
})

test('a second and a third join: each has as many, and no work rests for five seconds', async () => {
  const since = Date.now()
  services.p2.start()
  await holds({ p1: 3, p2: 3 })
  services.p3.start()
  await holds({ p1: 2, p2: 2, p3: 2 })
  await settled()
  console.log(`joining: ${longestPause(since)} ms without a window`)
  expect(longestPause(since)).toBeLessThan(5_000)
})

test('one leaves in order: its work rests for less than five seconds', async () => {
  const since = Date.now()
  await services.p2.end('SIGTERM')
  await holds({ p1: 3, p3: 3 })
  await settled()
  console.log(`leaving: ${longestPause(since)} ms without a window`)
  expect(longestPause(since)).toBeLessThan(5_000)
})

test('one is killed: its work goes on within ten seconds', async () => {
  services.p2.start()
  await holds({ p1: 2, p2: 2, p3: 2 })
  await settled()
  const since = Date.now()
  await services.p1.end('SIGKILL')
  await sleep(11_000)
  console.log(`death: ${longestPause(since)} ms without a window`)
  expect(longestPause(since)).toBeLessThan(10_000)
})

test('lag is a metric of who is at work, and near nothing', async () => {
  await vi.waitFor(
    async () => {
      const text = await (await fetch(services.p2.metrics)).text()
      const lags = [
        ...text.matchAll(/^millrace_processing_lag_(records|seconds)\{.*topic="telemetry".*\} (.*)$/gm),
      ]
      expect(lags.length).toBe(2 * 3)
      expect(lags.every(([, , value]) => Number(value) < 100)).toBe(true)
    },
    { timeout: 20_000, interval: 1_000 },
  )
})

test('every window is there once, with what was sent', async () => {
  stop.abort()
  await feeding
  const expected = Array.from({ length: sent }, (_, w) => ({
    start: base + w * windowMicros,
    revision: 0,
    count: samples,
    mean: numbersOf(w + 1).reduce((a, b) => a + b) / samples,
  }))
  for (const [partition] of lines.entries()) {
    const place = { topic: 'aggregates-1s', partition }
    const reader = await kafka.reader({ partitions: [place], start: 'earliest' })
    const timer = setTimeout(() => void reader.close(), 30_000)
    const given: unknown[] = []
    for await (const batch of reader) {
      const records = batch.map(({ value }) => JSON.parse(String(value)) as Aggregate)
      given.push(
        ...records.map(({ start, revision, count, mean }) => {
          return { start, revision, count, mean: Number(mean?.toFixed(6)) }
        }),
      )
      if (given.length >= expected.length) break
    }
    clearTimeout(timer)
    expect(given).toEqual(expected)
  }
  expect(sent).toBeGreaterThan(60)
})
