/**
 * Chaos: foreign machines send numbered samples while brokers, processors and connectors are killed at random, and then all
 * are restarted in turn. Afterwards every aggregate equals the one computed from the machines' own record.
 *
 * Milo keeps a subscription for who comes back for it, so nothing of its numbers may be missing. asyncua forgets it with
 * the connection: what its numbers lack the ledger must tell, and every aggregate equals the one of what is there.
 *
 * `MILLRACE_CHAOS_S` is how long it kills, `MILLRACE_CHAOS_SEED` what.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { PlantStatus } from '../../board/index.ts'
import { trust } from '../../connectors/opcua/trust.ts'
import type { Aggregate, TelemetryRecord } from '../../model/index.ts'
import { readWithKafkajs } from '../e2e/kafkajs.ts'
import { kcatSettings, readWithKcat } from '../e2e/kcat.ts'
import { type RunningPlant, startPlant } from '../e2e/running-plant.ts'
import { lack, needs } from '../needs.ts'
import { Asyncua } from '../servers/asyncua.ts'
import { Milo } from '../servers/milo.ts'
import { createRandom } from '../simulator/random.ts'
import { killAtRandom, restartInTurn, servers } from './mischief.ts'
import { lastRevisions, type Numbered, samplesOf, strayRevisions, windowsOf } from './windows.ts'

const durationS = Number(process.env.MILLRACE_CHAOS_S ?? 60)
const seed = Number(process.env.MILLRACE_CHAOS_SEED ?? 7)
/** Numbers are sent while all restarts in turn, too. */
const rounds = (durationS + 45) * 10
const stepMs = 100
const nodes = [0, 1, 2, 3] as const
/** In every partition there is one. */
const lines = [0, 1, 5, 6]
const sources = ['milo', 'asyncua'] as const
type Source = (typeof sources)[number]
const needed = ['milo', 'python', 'kcat'] as const
const sizes = { 'aggregates-1s': 1_000_000, 'aggregates-1m': 60_000_000 } as const

let dir: string
let milo: Milo
let asyncua: Asyncua
let plant: RunningPlant
/** The first number is a step after a full minute: no window of numbers holds anything else. */
let fromMicros: number
let all: { place: string; value: TelemetryRecord }[]
let records: TelemetryRecord[]
const aggregates = new Map<keyof typeof sizes, Aggregate[]>()

beforeAll(
  async () => {
    if (lack(...needed)) return
    dir = await mkdtemp(join(tmpdir(), 'millrace-chaos-'))
    ;[milo, asyncua] = await Promise.all([Milo.start({ heapMb: 256 }), Asyncua.start({ policies: ['None'] })])
    for (const n of nodes) await milo.add(`n${n}`, 0)
    await asyncua.add(nodes.map(n => ({ nodeId: asyncuaNode(n), type: 'UInt32', value: 0 })))
    await writePlant()
    plant = await startPlant({ plantDir: join(dir, 'plant') })
    for (const server of servers) {
      const folder = join(plant.stateDir, 'servers', server, 'connectors', 'milo')
      await trust(folder, await milo.certificate())
    }
    await connected()
    try {
      await upset()
      await settled()
      await closeWindows()
      await settled()
      await readAll()
    } catch (thrown) {
      console.log(await lastWords())
      throw thrown
    }
  },
  (durationS + 900) * 1000,
)
afterAll(async () => {
  await plant?.dispose()
  await milo?.stop()
  await asyncua?.stop()
  if (dir) await rm(dir, { recursive: true, force: true })
})
beforeEach(context => needs(context, ...needed))

const asyncuaNode = (n: number) => `ns=2;s=n${n}`
const assetOf = (source: Source, n: number) => `chaos/hall/line-${lines[n]}/${source}`

async function upset(): Promise<void> {
  fromMicros = Math.ceil(Date.now() / 60_000) * 60_000_000
  const counting = Promise.all([
    milo.count(rounds, stepMs, fromMicros, nodes.length),
    asyncua.count(nodes.map(asyncuaNode), rounds, stepMs, fromMicros),
  ])
  const killed = await killAtRandom(plant, createRandom(seed, 'chaos'), durationS * 1000)
  console.log(`killed in ${durationS} s, seed ${seed}:`, killed)
  await restartInTurn(plant)
  await counting
}

/** A sample two hours later, which is no number. */
async function closeWindows(): Promise<void> {
  await connected()
  const later = fromMicros + rounds * stepMs * 1000 + 7_200_000_000
  for (const n of nodes) await milo.set(`n${n}`, 0, later)
  await asyncua.set(...nodes.map(n => ({ nodeId: asyncuaNode(n), value: 0, sourceMicros: later })))
}

const patiently = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 240_000, interval: 1_000 })

const connected = () =>
  patiently(async () => {
    const { machines } = await plant.status()
    expect([...new Set(machines.map(({ state }) => state))]).toEqual(['connected'])
  })

/** Nothing waits on a disk, nor in a partition: the board counts what aborted transactions have left as well. */
async function settled(): Promise<void> {
  for (let calm = 0; calm < 2; calm++) {
    await patiently(async () => {
      const { sources } = await plant.status()
      expect(sources.map(({ buffered }) => buffered)).toEqual([0, 0])
      const { stdout } = await plant.millrace('status', '--json')
      expect((JSON.parse(stdout) as PlantStatus).lag).toEqual({ records: 0, seconds: 0 })
    })
  }
}

/** Of the processors, for whoever has to find out why they do not come to an end. */
async function lastWords(): Promise<string> {
  const logs = servers.map(async server => {
    const log = await readFile(join(plant.stateDir, 'servers', server, 'logs', 'processors.log'), 'utf8')
    return `${server}:\n${log.split('\n').slice(-25).join('\n')}`
  })
  return [...(await Promise.all(logs)), (await plant.millrace('status')).stdout].join('\n')
}

async function readAll(): Promise<void> {
  const last = fromMicros + rounds * stepMs * 1000
  const isClosing = (record: TelemetryRecord) => record.t.some(t => t > last)
  all = await readWithKcat<TelemetryRecord>(await kcatSettings(plant), 'telemetry')
  records = all.map(({ value }) => value)
  expect(new Set(records.filter(isClosing).map(({ asset }) => asset)).size).toBe(
    nodes.length * sources.length,
  )
  for (const topic of ['aggregates-1s', 'aggregates-1m'] as const) {
    const size = sizes[topic]
    const read = await readWithKafkajs<Aggregate>(plant, topic, read => {
      const ends = read.filter(({ value }) => value.start === Math.floor(last / size) * size)
      return new Set(ends.map(({ key }) => key)).size === nodes.length * sources.length
    })
    aggregates.set(
      topic,
      read.map(({ value }) => value),
    )
  }
}

const isNumbered = ({ t }: { readonly t: number }) =>
  t > fromMicros && t <= fromMicros + rounds * stepMs * 1000

/** What Kafka holds of a source's numbers. */
const held = (source: Source): Numbered[] =>
  records
    .filter(record => record.source === source)
    .flatMap(samplesOf)
    .filter(isNumbered)

/** What the machine says to have sent. */
const sentBy = (source: Source): Numbered[] =>
  nodes.flatMap(n =>
    Array.from({ length: rounds }, (_, i) => ({
      asset: assetOf(source, n),
      tag: 'number',
      t: fromMicros + (i + 1) * stepMs * 1000,
      value: i + 1,
    })),
  )

const isLossless = async (source: Source) =>
  (await plant.status()).sources.find(one => one.source === source)?.lost.length === 0

const nameOf = ({ asset, t, value }: Numbered) => `${asset} ${t} ${value}`

/** Aggregates of a source whose windows hold nothing but numbers. */
const givenOf = (topic: keyof typeof sizes, source: Source) =>
  aggregates
    .get(topic)!
    .filter(
      ({ asset, start, end }) =>
        asset.endsWith(`/${source}`) && start >= fromMicros && isNumbered({ t: end - 1 }),
    )

const wholeWindows = (samples: readonly Numbered[], size: number) =>
  windowsOf(
    samples.filter(({ t }) => isNumbered({ t: Math.floor(t / size) * size + size - 1 })),
    size,
  )

describe('after all of it', () => {
  test('every record of a source is in Kafka once', () => {
    const places = Map.groupBy(all, ({ value: { source, epoch, seq } }) => `${source} ${epoch} ${seq}`)
    const twice = [...places].filter(([, of]) => of.length > 1)
    expect(twice.map(([name, of]) => [name, ...of.map(({ place }) => place)])).toEqual([])
    expect(places.size).toBeGreaterThan(rounds / 2)
  })

  test('every number of the machine that keeps its subscriptions is there, and once unless the ledger tells of an outage', async () => {
    const there = held('milo').map(nameOf)
    const names = new Set(there)
    const sent = sentBy('milo').map(nameOf)
    const missing = sent.filter(name => !names.has(name))
    const repeated = there.filter(name => !names.delete(name))
    console.log(`milo: ${sent.length} numbers sent, ${there.length} there`)
    expect(missing).toEqual([])
    if (await isLossless('milo')) expect(repeated).toEqual([])
    expect(repeated.length).toBeLessThan(sent.length / 100)
  })

  test('numbers of the machine that forgets them are its own, and the ledger tells of those that are missing', async () => {
    const sent = new Set(sentBy('asyncua').map(nameOf))
    const there = held('asyncua').map(nameOf)
    expect(there.filter(name => !sent.has(name))).toEqual([])
    const missing = sent.size - new Set(there).size
    const ledger = (await plant.status()).sources.find(({ source }) => source === 'asyncua')
    console.log(`asyncua: ${missing} of ${sent.size} numbers did not come; lost`, ledger?.lost)
    if (missing > 0) expect(ledger?.lost.length).toBeGreaterThan(0)
  })

  test.each(
    sources.flatMap(source =>
      (['aggregates-1s', 'aggregates-1m'] as const).map(topic => [source, topic] as const),
    ),
  )(
    'of %s, every window of %s equals the one of its own record, none missing, none twice',
    async (source, topic) => {
      const given = givenOf(topic, source)
      // A session that could not take its predecessor's subscription over begins with a current value again, and says so.
      const own = (await isLossless(source)) ? sentBy(source) : held(source)
      expect(strayRevisions(given)).toEqual([])
      const expected = wholeWindows(own, sizes[topic])
      console.log(`${source}, ${topic}: ${expected.length} windows`)
      expect(expected.length).toBeGreaterThanOrEqual(nodes.length)
      expect(lastRevisions(given)).toEqual(expected)
    },
  )
})

async function writePlant(): Promise<void> {
  await mkdir(join(dir, 'plant', 'machines'), { recursive: true })
  // What a killed server has on its disk comes when it is back.
  const aggregates = { lateness1sMs: 600_000, lateness1mMs: 600_000 }
  const all = servers.map((name, i) => ({
    name,
    address: `127.0.0.${i + 1}`,
    nodeId: i + 1,
    services: ['broker', 'connectors', 'processors', ...(i === 0 ? ['board'] : [])],
  }))
  await write('plant.yaml', { plant: 'chaos', site: 'chaos', partitions: 3, servers: all, aggregates })
  const common = { publishingIntervalMs: 200, watchdogMs: 2_000, connectTimeoutMs: 4_000 }
  await write('machines/milo.yaml', {
    source: 'milo',
    connector: 'opcua',
    options: { endpoint: milo.endpoint, ...common, samplingIntervalMs: 0, queueSize: 3_000 },
    assets: nodes.map(n => asset('milo', n, `ns=1;s=n${n}`)),
  })
  await write('machines/asyncua.yaml', {
    source: 'asyncua',
    connector: 'opcua',
    options: { endpoint: asyncua.endpoint, securityMode: 'None', securityPolicy: 'None', ...common },
    assets: nodes.map(n => asset('asyncua', n, asyncuaNode(n))),
  })
}

const asset = (source: Source, n: number, nodeId: string) => ({
  id: assetOf(source, n),
  name: `${source} ${n}`,
  tags: [{ name: 'number', nodeId, samplingIntervalMs: 0 }],
})

const write = (file: string, content: object) => writeFile(join(dir, 'plant', file), stringify(content))
