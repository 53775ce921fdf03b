/**
 * S7: polls a second of 1,000 contiguous REALs in one data block of one libsnap7 server, by our client (samples made),
 * by nodes7 (values made) and by python-snap7's client (values unpacked), in turns, PDU 960 for all.
 */
import { createRequire } from 'node:module'
import { Value } from 'typebox/value'
import type { Report } from '../../connectors/contract.ts'
import { BlockReader } from '../../connectors/s7/blocks.ts'
import { openClient } from '../../connectors/s7/client.ts'
import { type Options, options as schema } from '../../connectors/s7/index.ts'
import { layOut } from '../../connectors/s7/layout.ts'
import { pointsOf } from '../../connectors/s7/points.ts'
import { Sampler } from '../../connectors/s7/sampler.ts'
import { scan } from '../../connectors/s7/scan.ts'
import { startSnap7, startSnap7Client } from '../../test/servers/snap7.ts'
import type { Row } from '../row.ts'

const reals = 1000
const db = 1
const rounds = 7
const secondsEach = 0.5

/** Polls once. */
type Poll = () => Promise<unknown>
type Peer = { readonly name: string; perSecond(seconds: number): Promise<number>; close(): Promise<void> }

export async function measure(): Promise<Row[]> {
  const server = await startSnap7({ [db]: 4 * reals })
  await server.set({ number: db, offset: 0, hex: measuredValues().toString('hex') })
  const peers: Peer[] = []
  try {
    for (const open of [ours, nodes7, pythonSnap7]) peers.push(await open(server.port))
    const rates = new Map(peers.map(({ name }) => [name, [] as number[]]))
    // The first round warms compilers and caches up.
    for (let round = 0; round <= rounds; round++) {
      for (const { name, perSecond } of peers) {
        const rate = await perSecond(secondsEach)
        if (round > 0) rates.get(name)!.push(rate)
      }
    }
    return rows(Array.from(rates, ([name, values]) => [name, median(values)]))
  } finally {
    for (const peer of peers) await peer.close()
    await server.stop()
  }
}

/** Numbers with a fraction, as sensors give them. */
function measuredValues(): Buffer {
  const bytes = Buffer.alloc(4 * reals)
  for (let i = 0; i < reals; i++) bytes.writeFloatBE(20 + 15 * Math.sin(i), 4 * i)
  return bytes
}

function rows(medians: readonly (readonly [string, number])[]): Row[] {
  const [[, own], ...others] = medians as [readonly [string, number], ...(readonly [string, number])[]]
  const goals: Record<string, number> = { nodes7: 5, 'python-snap7': 1 }
  return [
    ...medians.map(([name, rate]) => ({
      name: `S7, ${reals} contiguous tags, ${name}`,
      value: round(rate),
      unit: 'polls/s',
    })),
    ...others.map(([name, rate]) => {
      const value = round(own / rate)
      const goal = goals[name]!
      return { name: `S7, ratio to ${name}`, value, unit: 'x', goal, met: value >= goal }
    }),
  ]
}

async function ours(port: number): Promise<Peer> {
  const options = Value.Default(schema, { endpoint: `s7://127.0.0.1:${port}` }) as Options
  const client = await openClient(options, new AbortController().signal)
  const tags = Array.from({ length: reals }, (_, i) => ({
    tag: { asset: 'bench/s7/line/plc', name: `real-${i}`, class: 'telemetry' as const },
    address: { address: `DB${db},REAL${4 * i}` },
  }))
  const points = pointsOf({ name: 'bench', options, tags, stateDir: '' })
  const layout = layOut(points, options.consistentBytes)
  const limits = { pduLength: client.pduLength, gapBytes: options.gapBytes }
  const ranges = new BlockReader(layout.ranges, limits, options.endpoint)
  const stamps = new BlockReader(layout.bracket, limits, options.endpoint)
  const sampler = new Sampler(points, layout, silent, () => undefined)
  const poll = async () => sampler.samples(await scan(client, ranges, stamps))
  return {
    name: 'millrace',
    perSecond: seconds => pollsPerSecond(poll, seconds),
    close: () => client.close(),
  }
}

const silent: Report = { tag() {}, lost() {}, expected() {}, revised() {} }

type Nodes7 = {
  initiateConnection(options: object, done: (error: unknown) => void): void
  addItems(items: readonly string[]): void
  readAllItems(done: (bad: boolean, values: Record<string, unknown>) => void): void
  dropConnection(done: () => void): void
}

async function nodes7(port: number): Promise<Peer> {
  const Client = createRequire(import.meta.url)('nodes7') as new (options: { silent: boolean }) => Nodes7
  const client = new Client({ silent: true })
  await new Promise<void>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, rack: 0, slot: 1, timeout: 5000 }
    client.initiateConnection(options, error => (error ? reject(error as Error) : resolve()))
  })
  client.addItems(Array.from({ length: reals }, (_, i) => `DB${db},REAL${4 * i}`))
  const poll = () =>
    new Promise<void>((resolve, reject) =>
      client.readAllItems(bad => (bad ? reject(new Error('nodes7 gave bad values')) : resolve())),
    )
  return {
    name: 'nodes7',
    perSecond: seconds => pollsPerSecond(poll, seconds),
    close: () => new Promise(resolve => client.dropConnection(resolve)),
  }
}

async function pythonSnap7(port: number): Promise<Peer> {
  const client = startSnap7Client()
  await client.command({ op: 'connect', port, pdu: 960 })
  return {
    name: 'python-snap7',
    async perSecond(seconds) {
      const poll = { op: 'poll', number: db, reals, requests: 5, seconds }
      const { polls } = await client.command<{ polls: number }>(poll)
      return polls / seconds
    },
    close: () => client.end(),
  }
}

async function pollsPerSecond(poll: Poll, seconds: number): Promise<number> {
  const start = performance.now()
  let polls = 0
  while (performance.now() - start < 1000 * seconds) {
    await poll()
    polls++
  }
  return (1000 * polls) / (performance.now() - start)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

const round = (value: number): number => Math.round(value * 100) / 100
