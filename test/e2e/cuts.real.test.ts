/**
 * Every sample accounted for on bad days: asyncua and libsnap7 count behind a proxy that cuts their connections and lets
 * packets vanish, and the only broker is killed. At the end the ledger and Kafka agree to the sample.
 * `MILLRACE_CUTS_S` is how long it goes on, `MILLRACE_CUT_EVERY_S` how often something happens.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { LedgerEntry, TelemetryRecord } from '../../model/index.ts'
import { lack, needs } from '../needs.ts'
import { proxyTo, type TcpProxy } from '../proxy.ts'
import { Asyncua } from '../servers/asyncua.ts'
import { type Snap7Server, startSnap7 } from '../servers/snap7.ts'
import { readWithKafkajs } from './kafkajs.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

const durationS = Number(process.env.MILLRACE_CUTS_S ?? 48)
const everyS = Number(process.env.MILLRACE_CUT_EVERY_S ?? 12)
const blackHoleMs = 4_000
const stepMs = 100
const tagCount = 10
const startMicros = 1_700_000_000_000_000
const counters = Array.from({ length: tagCount }, (_, i) => `counter-${i + 1}`)
const nodeOf = (counter: string) => `ns=2;s=${counter}`
const sources = ['opcua', 's7'] as const

let dir: string
let opcua: Asyncua
let s7: Snap7Server
let proxies: TcpProxy[]
let plant: RunningPlant
let rounds = 0

beforeAll(
  async () => {
    if (lack('python')) return
    dir = await mkdtemp(join(tmpdir(), 'millrace-cuts-'))
    opcua = await Asyncua.start({ policies: ['None'] })
    s7 = await startSnap7({ 1: 4 * tagCount })
    await opcua.add(counters.map(counter => ({ nodeId: nodeOf(counter), type: 'UInt32', value: 0 })))
    proxies = [
      await proxyTo(() => ({ host: '127.0.0.1', port: opcua.port })),
      await proxyTo(() => ({ host: '127.0.0.1', port: s7.port })),
    ]
    await writePlant(proxies[0]!.port, proxies[1]!.port)
    plant = await startPlant({ plantDir: join(dir, 'plant') })
    await vi.waitFor(async () => expect(await states()).toEqual(['connected']), {
      timeout: 60_000,
      interval: 1000,
    })
    await Promise.all([countOn(), misbehave()])
  },
  (durationS + 180) * 1000,
)

afterAll(async () => {
  await plant?.dispose()
  for (const proxy of proxies ?? []) await proxy.close()
  await opcua?.stop()
  await s7?.stop()
  if (dir) await rm(dir, { recursive: true, force: true })
})

/** Both servers count side by side, one step each `stepMs`. */
async function countOn(): Promise<void> {
  const total = Math.floor((durationS * 1000) / stepMs)
  const counting = opcua.count(counters.map(nodeOf), total, stepMs, startMicros)
  const begin = performance.now()
  for (rounds = 1; rounds <= total; rounds++) {
    const block = Buffer.alloc(4 * tagCount)
    for (let i = 0; i < tagCount; i++) block.writeInt32BE(rounds, 4 * i)
    await s7.set({ number: 1, offset: 0, hex: block.toString('hex') })
    await sleep(Math.max(0, begin + rounds * stepMs - performance.now()))
  }
  await counting
}

/** Every `everyS` another mishap; the last one leaves time to come back. */
async function misbehave(): Promise<void> {
  const mishaps = [cut, killBroker, blackHole]
  for (let i = 0; (i + 1) * everyS < durationS; i++) {
    const due = performance.now() + everyS * 1000
    await mishaps[i % mishaps.length]!()
    await sleep(Math.max(0, due - performance.now()))
  }
}

async function cut(): Promise<void> {
  for (const proxy of proxies) proxy.cut()
}

async function killBroker(): Promise<void> {
  process.kill(plant.brokerPid('p1'), 'SIGKILL')
}

async function blackHole(): Promise<void> {
  for (const proxy of proxies) proxy.blackHole()
  await sleep(blackHoleMs)
  for (const proxy of proxies) {
    proxy.pass()
    proxy.cut() // what was opened meanwhile is dead
  }
}

describe.each(sources)('after all of it, %s', source => {
  let entry: LedgerEntry
  let records: TelemetryRecord[]

  beforeAll(async () => {
    if (lack('python')) return
    await vi.waitFor(async () => expect(await states()).toEqual(['connected']), {
      timeout: 60_000,
      interval: 1000,
    })
    entry = await settledEntry(source)
    const all = await readWithKafkajs<TelemetryRecord>(plant, 'telemetry', read =>
      read.some(({ value }) => value.source === source && value.seq >= entry.seq),
    )
    records = all
      .map(({ value }) => value)
      .filter(record => record.source === source && record.seq <= entry.seq)
  }, 180_000)

  test('has every sample in Kafka that its ledger says was received, once', context => {
    needs(context, 'python')
    const samples = records.reduce((sum, { t }) => sum + t.length, 0)
    expect(samples).toBe(entry.received - droppedOf(entry))
    expect(samples).toBeGreaterThan((rounds * tagCount) / 4)
    expect(records.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: entry.seq }, (_, i) => i + 1),
    )
    const bad = records.flatMap(({ status }) => status.filter(code => code >= 2 ** 31)).length
    expect(bad).toBe(entry.bad)
  })

  test('expected what it received and what it knows to have lost, or says that it does not know', context => {
    needs(context, 'python')
    const lost = Object.values(entry.lostKnown!).reduce((sum, count) => sum + count, 0)
    console.log(
      `${source}: expected ${entry.expected}, received ${entry.received}, bad ${entry.bad}, lost ${JSON.stringify(entry.lostKnown)}, and an unknown number of [${entry.lostUnknown}]`,
    )
    if (entry.expected === 'unknown' || entry.lostUnknown!.length > 0) return
    expect(entry.received - droppedOf(entry) + lost).toBe(entry.expected)
  })

  test('has no count twice, and where counts are missing the ledger says so', context => {
    needs(context, 'python')
    const seen = new Map<string, number>()
    for (const { tags, tag, value, status } of records) {
      value.forEach((count, i) => {
        if (status[i] === 0) add(seen, `${tags[tag[i]!]}/${count}`)
      })
    }
    const missing = counters.flatMap(counter =>
      Array.from({ length: rounds - 1 }, (_, i) => `${counter}/${i + 1}`).filter(key => !seen.has(key)),
    )
    console.log(`${source}: ${missing.length} of ${(rounds - 1) * tagCount} counts did not come`)
    const told = Object.values(entry.lostKnown!).some(count => count > 0) || entry.lostUnknown!.length > 0
    if (missing.length > 0) expect(told).toBe(true)
    if (source === 'opcua') {
      // The first and last of a session may come again: a subscription begins with the current value.
      const times = records.flatMap(({ tags, tag, t }) => t.map((at, i) => `${tags[tag[i]!]}/${at}`))
      expect(times.length - new Set(times).size).toBeLessThanOrEqual(tagCount * (durationS / everyS + 2))
    }
  })
})

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
const droppedOf = ({ dropped }: LedgerEntry) => dropped!.telemetry + dropped!.waveform

async function states(): Promise<string[]> {
  const { machines } = await plant.status()
  return [...new Set(machines.map(({ state }) => state))]
}

/** An entry of the ledger written after everything had ended. */
async function settledEntry(source: string): Promise<LedgerEntry> {
  const from = Date.now() * 1000
  const isLate = ({ source: of, at, state }: LedgerEntry) =>
    of === source && at > from && state === 'connected'
  const read = await readWithKafkajs<LedgerEntry>(plant, 'ledger', all =>
    all.some(({ value }) => isLate(value)),
  )
  return read.map(({ value }) => value).find(isLate)!
}

async function writePlant(opcuaPort: number, s7Port: number): Promise<void> {
  await mkdir(join(dir, 'plant', 'machines'), { recursive: true })
  const services = ['broker', 'connectors', 'processors', 'board']
  const servers = [{ name: 'p1', address: '127.0.0.1', nodeId: 1, services }]
  await write('plant.yaml', { plant: 'cuts', site: 'cuts', partitions: 1, servers })
  await write('machines/opcua.yaml', {
    source: 'opcua',
    connector: 'opcua',
    options: {
      endpoint: `opc.tcp://127.0.0.1:${opcuaPort}/test`,
      securityMode: 'None',
      securityPolicy: 'None',
      publishingIntervalMs: 200,
      samplingIntervalMs: 0,
      watchdogMs: 2_000,
      connectTimeoutMs: 2_000,
    },
    assets: [asset('opcua', counter => ({ nodeId: nodeOf(counter) }))],
  })
  await write('machines/s7.yaml', {
    source: 's7',
    connector: 's7',
    options: { endpoint: `s7://127.0.0.1:${s7Port}`, scanMs: stepMs / 2, timeoutMs: 1_000 },
    assets: [asset('s7', (_, i) => ({ address: `DB1,DINT${4 * i}` }))],
  })
}

const asset = (name: string, address: (counter: string, i: number) => object) => ({
  id: `cuts/hall/line/${name}`,
  name,
  tags: counters.map((counter, i) => ({ name: counter, ...address(counter, i) })),
})

const write = (file: string, content: object) => writeFile(join(dir, 'plant', file), stringify(content))
