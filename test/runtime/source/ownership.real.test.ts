import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { trust } from '../../../connectors/opcua/trust.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import type { Claim } from '../../../edge-broker/lease/claim.ts'
import { readClaim } from '../../../edge-broker/lease/own.ts'
import type { LedgerEntry } from '../../../model/index.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import type { TcpProxy } from '../../proxy.ts'
import { Asyncua } from '../../servers/asyncua.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import { follow, type Name, names, preparePlant, readAll, type Seen, type Server } from './connectors.ts'

const intervalMs = 50
let cluster: TestCluster
let kafka: Kafka
let opcua: Asyncua
let s7: Snap7Server
let servers: Record<Name, Server>
let seen: ReturnType<typeof follow>
const stop = new AbortController()
const machines: ReturnType<typeof setInterval>[] = []

const press = (endpoint: string) => ({
  source: 'press',
  connector: 'opcua',
  options: { endpoint, publishingIntervalMs: 100 },
  assets: [
    {
      id: 's/a/l/press',
      name: 'Press',
      tags: [{ name: 'number', nodeId: 'ns=1;s=Number', samplingIntervalMs: intervalMs }],
    },
  ],
})
const pump = (port: number) => ({
  source: 'pump',
  connector: 's7',
  maxSessions: 1,
  options: { endpoint: `s7://127.0.0.1:${port}` },
  assets: [{ id: 's/a/l/pump', name: 'Pump', tags: [{ name: 'level', address: 'DB1,DINT0', scanMs: 100 }] }],
})

beforeAll(async () => {
  ;[cluster, opcua, s7] = await Promise.all([
    startCluster({ brokers: 1 }),
    Asyncua.start(),
    startSnap7({ 1: 4 }),
  ])
  await opcua.add([{ nodeId: 'ns=1;s=Number', type: 'UInt32', value: 0 }])
  servers = await preparePlant(cluster, [press(opcua.endpoint), pump(s7.port)])
  for (const name of names) {
    await trust(join(cluster.dir, 'servers', name, 'connectors', 'press'), await opcua.certificate())
  }
  kafka = connectKafka(await cluster.connection('admin'))
  seen = follow(kafka, stop.signal)
  let number = 0
  machines.push(
    setInterval(() => {
      const setting = { nodeId: 'ns=1;s=Number', value: ++number, sourceMicros: Date.now() * 1000 }
      void opcua.set(setting).catch(() => {})
    }, intervalMs),
    setInterval(() => void s7.put(1, 'dint', 0, number).catch(() => {}), 100),
  )
  for (const name of names) servers[name].start()
})
afterAll(async () => {
  machines.forEach(clearInterval)
  stop.abort()
  await Promise.all(Object.values(servers ?? {}).map(server => server.end('SIGKILL')))
  await Promise.all(Object.values(servers ?? {}).map(({ proxy }) => proxy.close()))
  await opcua?.kill()
  await s7?.kill()
  await cluster?.stop()
})

beforeEach(({ onTestFailed }) =>
  onTestFailed(() => {
    for (const { name, said } of Object.values(servers)) console.log(name, said().slice(-20_000))
  }),
)

type Source = 'press' | 'pump'
const claimOf = async (source: Source): Promise<Claim> => (await readClaim(kafka, source))!
const ofSource = (source: Source) => seen.samples.filter(sample => sample.source === source)
const newest = (source: Source): Seen => ofSource(source).at(-1)!

/** Resolves once a sample of another epoch than `before` is there; gives how long that took since `since`, ms. */
async function successorOf(
  source: Source,
  before: Claim,
  since: number,
): Promise<{ claim: Claim; ms: number }> {
  const epoch = before.epochs[before.server]!
  const first = await vi.waitFor(
    () => {
      const sample = ofSource(source).find(({ epoch: of, t }) => of !== epoch && t / 1000 > since)
      expect(sample).toBeDefined()
      return sample!
    },
    { timeout: 20_000, interval: 20 },
  )
  return { claim: await claimOf(source), ms: first.at - since }
}

/** Resolves when numbers that were not there yet have come from the source. */
async function goesOn(source: Source, samples = 5): Promise<void> {
  const before = ofSource(source).length
  await vi.waitFor(() => expect(ofSource(source).length).toBeGreaterThan(before + samples), {
    timeout: 60_000,
    interval: 50,
  })
}

/** Which numbers of the press are there how often. */
function tally(): { times: Map<number, number>; missing: number[] } {
  const times = new Map<number, number>()
  for (const { value } of ofSource('press')) times.set(value, (times.get(value) ?? 0) + 1)
  const values = [...times.keys()]
  const [from, to] = [Math.min(...values), Math.max(...values)]
  const missing = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(n => !times.has(n))
  return { times, missing }
}

describe('connectors on three servers', () => {
  test('share the sources: each has one owner', async () => {
    await goesOn('press')
    await goesOn('pump')
    const owners = [await claimOf('press'), await claimOf('pump')].map(({ server }) => server)
    expect(new Set(owners).size).toBe(2)
    expect(await opcua.sessions()).toBe(1)
    expect(await s7.clients()).toBe(1)
  })

  test.for(['press', 'pump'] as const)(
    'the owner of %s is killed: it has moved within ten seconds',
    async source => {
      const before = await claimOf(source)
      const since = Date.now()
      await servers[before.server as Name].end('SIGKILL')
      const { claim, ms } = await successorOf(source, before, since)
      console.log(`${source}: ${ms} ms after SIGKILL`)
      expect(ms).toBeLessThan(10_000)
      expect(claim.term).toBe(before.term + 1)
      servers[before.server as Name].start()
      await goesOn(source)
    },
  )

  test('an owner that leaves in order hands over in less than five seconds, and nothing is missing', async () => {
    const before = await claimOf('press')
    const since = Date.now()
    await servers[before.server as Name].end('SIGTERM')
    const { ms } = await successorOf('press', before, since)
    console.log(`press: ${ms} ms after SIGTERM`)
    expect(ms).toBeLessThan(5_000)
    servers[before.server as Name].start()
    await goesOn('press')
  })

  test('an owner that was frozen, and thaws when another has the source, publishes nothing twice', async () => {
    const before = await claimOf('press')
    const frozen = servers[before.server as Name]
    const since = Date.now()
    frozen.signal('SIGSTOP')
    const { ms } = await successorOf('press', before, since).finally(() => frozen.signal('SIGCONT'))
    console.log(`press: ${ms} ms after SIGSTOP`)
    expect(ms).toBeLessThan(10_000)
    await settled('press', before.server)
    await goesOn('press')
  })

  test('owners cut off from Kafka: one reads on within its budget of sessions, one ends its only session first', async () => {
    const before = { press: await claimOf('press'), pump: await claimOf('pump') }
    const cut = new Set([before.press.server, before.pump.server] as Name[])
    const since = Date.now()
    const most = mostClients()
    for (const name of cut) sever(servers[name].proxy)
    const [press, pump] = await Promise.all([
      successorOf('press', before.press, since),
      successorOf('pump', before.pump, since),
    ])
    console.log(`press: ${press.ms} ms, pump: ${pump.ms} ms after the cut`)
    await goesOn('press', 40)
    expect(await opcua.sessions()).toBe(2)
    expect(await most()).toBe(1)
    for (const name of cut) servers[name].proxy.pass()
    for (const name of cut) servers[name].proxy.cut()
    await settled('press', before.press.server)
    await vi.waitFor(async () => expect(await opcua.sessions()).toBe(1), { timeout: 10_000 })
    expect(tally().missing.filter(number => number >= firstAfter(since))).toEqual([])
    await vi.waitFor(async () => expect(await supersededBy(before.press.server)).toBeGreaterThan(0), {
      timeout: 10_000,
    })
  })

  test('while Kafka is away as a whole nothing moves and nothing is lost', async () => {
    const before = { press: await claimOf('press'), pump: await claimOf('pump') }
    const from = newest('press').value
    await cluster.brokers[0]!.kill()
    await sleep(6_000) // longer than a lease, and than a silence that moves sources
    await cluster.brokers[0]!.start()
    await goesOn('press', 150)
    expect((await claimOf('press')).server).toBe(before.press.server)
    expect(tally().missing.filter(number => number > from)).toEqual([])
  })

  test('no name was given twice, no sequence has a gap, and no number is there twice but where a subscription began', async () => {
    const afresh = await readAll(kafka)
    expect(seen.rows.slice(0, afresh.length)).toEqual(afresh.slice(0, seen.rows.length))
    const bySeries = Map.groupBy(afresh, ({ source, epoch }) => `${source}/${epoch}`)
    for (const [series, rows] of bySeries) {
      const sequence = rows.map(({ seq }) => seq).sort((a, b) => a - b)
      const again = rows.filter(({ seq }) => sequence.indexOf(seq) !== sequence.lastIndexOf(seq))
      expect(again, series).toEqual([])
      expect(sequence, series).toEqual(Array.from(sequence, (_, i) => sequence[0]! + i))
    }
    const { times, missing } = tally()
    const twice = [...times].filter(([, count]) => count > 1)
    console.log('twice', twice, 'missing', missing.length, 'epochs', [...bySeries.keys()])
    for (const [number] of twice) expect(isFirstOfASubscription(number), `${number}`).toBe(true)
  })
})

function sever(proxy: TcpProxy): void {
  proxy.blackHole()
  proxy.cut()
}

/** Counts the S7 server's clients until it is asked for the most there were at once. */
function mostClients(): () => Promise<number> {
  const end = new AbortController()
  const counted = (async () => {
    let most = 0
    while (!end.signal.aborted) {
      most = Math.max(most, await s7.clients())
      await sleep(20)
    }
    return most
  })()
  return () => {
    end.abort()
    return counted
  }
}

/** What the ledger says of the press's samples that a server has read beside another. */
async function supersededBy(server: string): Promise<number> {
  const admin = await kafka.admin()
  const end = await admin.offsets(['ledger'], 'latest').finally(() => admin.close())
  const reader = await kafka.reader({
    partitions: [{ topic: 'ledger', partition: 0 }],
    start: 'earliest',
    end,
  })
  let superseded = 0
  for await (const batch of reader) {
    for (const { key, value } of batch) {
      if (key === `press/${server}`) superseded = (JSON.parse(`${value}`) as LedgerEntry).lost.superseded ?? 0
    }
  }
  return superseded
}

const settled = (source: Source, server: string) =>
  vi.waitFor(async () => expect(Object.keys((await claimOf(source)).rivals)).not.toContain(server), {
    timeout: 25_000,
    interval: 200,
  })

const firstAfter = (ms: number): number =>
  Math.min(
    ...ofSource('press')
      .filter(({ t }) => t / 1000 > ms)
      .map(({ value }) => value),
  )

/** Whether one of its samples is the first that a session has read: OPC UA tells the present value to begin with. */
function isFirstOfASubscription(number: number): boolean {
  const series = [...Map.groupBy(ofSource('press'), ({ epoch }) => epoch).values()]
  return series.some(samples =>
    samples.some(({ value }, i) => value === number && (i === 0 || samples[i - 1]!.value !== number - 1)),
  )
}
