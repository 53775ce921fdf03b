/**
 * OPC UA from the socket into Kafka: 10,000 items of an Eclipse Milo server, each with a new value every 100 ms, signed
 * and encrypted; over the disk buffer, in transactions, into three brokers that all have it (acks=all). Server, brokers
 * and the process that is measured are processes of their own, on the same cores.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { trust } from '../../connectors/opcua/index.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { MillraceError } from '../../model/index.ts'
import { heapFlags } from '../../runtime/node-service.ts'
import { startCluster, type TestCluster } from '../../test/cluster.ts'
import { lack } from '../../test/needs.ts'
import { Milo } from '../../test/servers/milo.ts'
import type { Row } from '../row.ts'
import type { Usage } from './opcua-collector.ts'

const items = 10_000
const seconds = 6
/** Intervals to try, ms: as long as nothing is lost, the next. */
const intervals = [200, 100, 80, 65, 50, 40, 30]
/** What may still be on its way when the server has sent its last has so long to arrive; more is a backlog, no rate. */
const settleMs = 3000

/** Figures of one run: highest rate without loss, CPU a sample at 100,000 samples/s, memory. */
export async function measure(): Promise<Row[]> {
  const lacking = lack('milo')
  if (lacking) throw new MillraceError('missing-tool', lacking, { hint: 'npm test fetches and compiles it' })
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const cluster = await startCluster({ fullSpeed: true, heapMiB: 512 })
  const server = await Milo.start({ heapMb: 2048, isCompiled: true })
  let collector: Collector | undefined
  try {
    await trust(dir, await server.certificate())
    await Promise.all(Array.from({ length: items }, (_, i) => server.add(`n${i}`, 0)))
    collector = await Collector.start(server.endpoint, dir, await provisioned(cluster))
    await round(server, collector, 100, 15)
    return await figures(server, collector)
  } finally {
    await collector?.stop()
    await server.stop()
    await cluster.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** What the connectors service connects with, once the topics are there. */
async function provisioned(cluster: TestCluster): Promise<string> {
  const brokers = Array.from({ length: 3 }, () => ({ services: ['broker'] }))
  const plant = { name: 'bench', partitions: 3, servers: brokers }
  await provisionPlant(connectKafka(await cluster.connection('admin'), { timeoutMs: 60_000 }), plant)
  return JSON.stringify(await cluster.connection('connectors'))
}

async function figures(server: Milo, collector: Collector): Promise<Row[]> {
  let cpuMicros = Number.NaN
  let rssBytes = Number.NaN
  let highest = 0
  for (const intervalMs of intervals) {
    const result = await round(server, collector, intervalMs, seconds)
    if (intervalMs === 100) {
      cpuMicros = result.cpuMicros
      rssBytes = (await collector.usage()).rssBytes
    }
    if (!result.isLossless) break
    highest = Math.max(highest, result.perSecond)
  }
  const goals = [
    { name: 'opcua: highest rate without loss, into Kafka', value: Math.round(highest), unit: 'samples/s' },
    {
      name: 'opcua: CPU of connector and Kafka wrapper at 100,000 samples/s',
      value: rounded(cpuMicros),
      unit: 'us/sample',
      goal: 4,
    },
    {
      name: 'opcua: resident memory at 10,000 tags and 100,000 samples/s',
      value: rounded(rssBytes / 1e6),
      unit: 'MB',
      goal: 300,
    },
  ]
  return goals.map(row => (row.goal === undefined ? row : { ...row, met: row.value <= row.goal }))
}

const rounded = (value: number): number => Math.round(value * 100) / 100

/** Lets the server count for so long, and compares what it sent with what arrived. */
async function round(server: Milo, collector: Collector, intervalMs: number, duration: number) {
  const before = await collector.usage()
  const rounds = Math.round((duration * 1000) / intervalMs)
  const begin = performance.now()
  await server.count(rounds, intervalMs, Date.now() * 1000, items)
  const tookMs = performance.now() - begin
  let after = await collector.usage()
  const isThrough = () => after.samples - before.samples >= rounds * items && after.waiting === 0
  for (let waited = 0; waited < settleMs && !isThrough(); waited += 250) {
    await sleep(250)
    after = await collector.usage()
  }
  const samples = after.samples - before.samples
  return {
    isLossless: samples === rounds * items && after.waiting === 0 && !after.lost,
    perSecond: (samples / tookMs) * 1000,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / samples,
  }
}

class Collector {
  readonly #process: ChildProcess
  readonly #lines: Interface

  private constructor(process: ChildProcess) {
    this.#process = process
    this.#lines = createInterface({ input: process.stdout! })
  }

  /** Resolves once every item has given its first value. */
  static async start(endpoint: string, dir: string, kafka: string): Promise<Collector> {
    const script = join(import.meta.dirname, 'opcua-collector.ts')
    const profile = process.env.MILLRACE_PROFILE
      ? ['--cpu-prof', `--cpu-prof-dir=${process.env.MILLRACE_PROFILE}`]
      : []
    const args = [...heapFlags.connectors!, ...profile, script, endpoint, dir, String(items), kafka]
    const collector = new Collector(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    while ((await collector.usage()).samples < items) await sleep(100)
    return collector
  }

  async usage(): Promise<Usage> {
    const answer = once(this.#lines, 'line')
    this.#process.stdin?.write('\n')
    const [line] = await answer
    return JSON.parse(line as string)
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.stdin?.end()
    await exited
  }
}
