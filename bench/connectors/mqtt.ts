/**
 * The MQTT connector on mosquitto, from 100,000 client ids into the disk buffer: CPU of connector, record building and
 * buffer together, and the highest rate without loss. The publisher and the broker are processes of their own.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Value as TypeBox } from 'typebox/value'
import { openAccount } from '../../connectors/account.ts'
import { openBuffer } from '../../connectors/buffer/buffer.ts'
import { recordsOf } from '../../connectors/buffer/records.ts'
import type { Emit } from '../../connectors/contract.ts'
import { type Address, mqtt, type Options, options as schema } from '../../connectors/mqtt/index.ts'
import type { Tag } from '../../model/index.ts'
import { startMosquitto } from '../../test/servers/mosquitto.ts'
import type { Row } from '../row.ts'

const clientIds = 100_000
const connections = 50
const goalRate = 10_000
const secondsEach = 15
/** Tried one after the other until one is not kept. */
const rates = [20_000, 30_000, 40_000, 60_000]

const declared: Tag = { asset: 'bench/road/fleet/broker', name: 'uptime', class: 'telemetry' }

export async function measure(): Promise<Row[]> {
  const goal = await run(goalRate, goalRate * secondsEach)
  let highest = goal.perSecond
  for (const rate of rates) {
    const { perSecond, lost } = await run(rate, rate * 5)
    if (lost > 0) break
    highest = Math.max(highest, perSecond)
    if (perSecond < rate * 0.97) break
  }
  return [
    { name: 'mqtt client ids', value: clientIds, unit: 'ids' },
    { name: 'mqtt TCP connections that carried them', value: connections, unit: 'connections' },
    row('mqtt rate at QoS 1', goal.perSecond, 'messages/s', goalRate * 0.99, 'least'),
    row('mqtt lost or doubled at that rate', goal.lost, 'messages', 0, 'most'),
    row('mqtt CPU of connector, records and disk buffer', goal.cores, 'cores', 0.5, 'most'),
    { name: 'mqtt CPU a message', value: round((goal.cores * 1e6) / goal.perSecond), unit: 'us' },
    { name: 'mqtt resident memory', value: goal.mib, unit: 'MiB' },
    { name: 'mqtt highest rate without loss', value: highest, unit: 'messages/s' },
  ]
}

function row(name: string, value: number, unit: string, goal: number, kind: 'least' | 'most'): Row {
  return { name, value, unit, goal, met: kind === 'least' ? value >= goal : value <= goal }
}

const round = (value: number) => Math.round(value * 100) / 100

type Result = { perSecond: number; lost: number; cores: number; mib: number }

async function run(rate: number, messages: number): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-mqtt-'))
  const broker = await startMosquitto({ lines: ['max_queued_messages 0', 'set_tcp_nodelay true'] })
  try {
    return await read(dir, broker.port, rate, messages)
  } finally {
    await broker.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

async function read(dir: string, port: number, rate: number, messages: number): Promise<Result> {
  const buffer = openBuffer({ path: join(dir, 'buffer.db'), maxBytes: 2 ** 32 })
  const account = openAccount({ source: 'fleet', connector: 'mqtt', assets: [] }, undefined)
  const connector = mqtt.open(
    { name: 'fleet', options: optionsFor(port), tags: [uptime()], stateDir: dir },
    account.report,
  )
  const abort = new AbortController()
  const seen = new Uint8Array(messages)
  const all = Promise.withResolvers<void>()
  let distinct = 0
  let doubled = 0
  // As connectors/session.ts does it, and a look at the numbers, which is not free either.
  const emit: Emit = async (samples, resume) => {
    const { json, kept } = account.counting(samples)
    buffer.append(recordsOf(samples), Date.now() * 1000, json, resume)
    kept()
    for (const { tag, value } of samples) {
      if (tag.name !== 'n') continue
      const n = value as number
      const before = seen[n] ?? 1
      seen[n] = 1
      if (before === 0) distinct++
      else doubled++
    }
    if (distinct === messages) all.resolve()
  }
  await connector.connect(abort.signal)
  const running = connector.run(emit, abort.signal)
  const feeder = await startFeeder(port, messages, rate)
  const fed = once(feeder, 'exit')
  const cpu = process.cpuUsage()
  const began = performance.now()
  feeder.send('go')
  await Promise.race([all.promise, running, giveUp((messages / rate) * 4 + 20)])
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  abort.abort()
  await running
  await connector.close()
  buffer.close()
  feeder.kill()
  await fed
  const mib = Math.round(process.memoryUsage.rss() / 2 ** 20)
  const lost = messages - distinct + doubled
  return {
    perSecond: Math.round(distinct / seconds),
    lost,
    cores: round((user + system) / 1e6 / seconds),
    mib,
  }
}

async function startFeeder(port: number, messages: number, rate: number) {
  const script = fileURLToPath(new URL('mqtt-feeder.ts', import.meta.url))
  const feeder = fork(script, [port, connections, clientIds, messages, rate].map(String))
  await once(feeder, 'message')
  return feeder
}

function giveUp(seconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, seconds * 1000).unref())
}

function optionsFor(port: number): Options {
  return TypeBox.Default(schema, {
    endpoint: `mqtt://127.0.0.1:${port}`,
    maxInFlight: 8000,
    maxTags: 3 * clientIds,
    subscriptions: [
      {
        topic: 'fleet/+car/state',
        asset: 'bench/road/fleet/{car}',
        tagsFrom: 'keys',
        timePath: 't',
        timeUnit: 'ms',
      },
    ],
  }) as Options
}

function uptime(): { tag: Tag; address: Address } {
  const address = { topic: '$SYS/broker/uptime', payload: 'text', timeUnit: 'iso' } as const
  return { tag: declared, address }
}

if (import.meta.main) console.table(await measure())
