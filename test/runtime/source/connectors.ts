import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { loadPlant } from '../../../config/load.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { InRecord, Kafka, Position } from '../../../edge-broker/kafka.ts'
import { provisionPlant } from '../../../edge-broker/provision.ts'
import type { TelemetryRecord } from '../../../model/index.ts'
import type { TestCluster } from '../../cluster.ts'
import { proxyTo, type TcpProxy } from '../../proxy.ts'
import { type ServiceProcess, serviceProcess } from '../service-process.ts'

export const names = ['p1', 'p2', 'p3'] as const
export type Name = (typeof names)[number]

/** A server's connectors service as a process of its own, and its own way to Kafka. */
export type Server = ServiceProcess & {
  readonly name: Name
  readonly proxy: TcpProxy
}

/** Writes the plant's folder, makes its topics and access lists, and prepares (not: starts) its three services. */
export async function preparePlant(cluster: TestCluster, machines: object[]): Promise<Record<Name, Server>> {
  const plantDir = join(cluster.dir, 'plant')
  await mkdir(join(plantDir, 'machines'), { recursive: true })
  const servers = names.map((name, i) => ({
    name,
    address: `127.0.0.${i + 1}`,
    nodeId: i + 1,
    services: i === 0 ? ['broker', 'connectors', 'processors'] : ['connectors'],
  }))
  await writeFile(
    join(plantDir, 'plant.yaml'),
    stringify({ plant: 'pair', site: 's', partitions: 2, servers }),
  )
  for (const [i, machine] of machines.entries()) {
    await writeFile(join(plantDir, 'machines', `m${i}.yaml`), stringify(machine))
  }
  await provisionPlant(connectKafka(await cluster.connection('admin')), await loadPlant(plantDir))
  const made = await Promise.all(names.map(name => prepareServer(cluster, plantDir, name)))
  return Object.fromEntries(made.map(server => [server.name, server])) as Record<Name, Server>
}

async function prepareServer(cluster: TestCluster, plantDir: string, name: Name): Promise<Server> {
  const stateDir = join(cluster.dir, 'servers', name)
  const { port } = cluster.brokers[0]!
  await cluster.connection('connectors')
  await cp(join(cluster.dir, 'principals', 'connectors'), join(stateDir, 'pki', 'connectors'), {
    recursive: true,
  })
  const file = join(stateDir, 'server.yaml')
  await writeFile(file, stringify({ server: name, stateDir, ports: { broker: port } }))
  const proxy = await proxyTo(() => ({ host: '127.0.0.1', port }))
  const service = serviceProcess({
    service: 'connectors',
    plantDir,
    serverFile: file,
    flags: ['--import', join(import.meta.dirname, 'through-proxy.ts')],
    env: { MILLRACE_TEST_PROXY: `${port}:${proxy.port}` },
  })
  return { ...service, name, proxy }
}

/** One sample as it is in Kafka; `at` is when this process saw it, ms UTC. */
export type Seen = {
  readonly source: string
  readonly epoch: number
  readonly seq: number
  readonly tag: string
  readonly t: number
  readonly value: number
  readonly at: number
}

/** Everything in the telemetry topic, as it comes; `rows` has one entry a record, with its place in the topic. */
export function follow(kafka: Kafka, signal: AbortSignal, end?: readonly Position[]) {
  const samples: Seen[] = []
  const rows: { source: string; epoch: number; seq: number; place: string }[] = []
  const take = ({ partition, offset, timestamp, value: json }: InRecord) => {
    const record = JSON.parse(json!.toString()) as TelemetryRecord
    const { source, epoch, seq, tags, tag, t, value } = record
    rows.push({ source, epoch, seq, place: `${partition}/${offset} of ${timestamp}` })
    t.forEach((time, i) => {
      const name = tags[tag[i]!]!
      samples.push({ source, epoch, seq, tag: name, t: time, value: value[i] as number, at: Date.now() })
    })
  }
  const run = async () => {
    const partitions = [0, 1].map(partition => ({ topic: 'telemetry', partition }))
    const reader = await kafka.reader({ partitions, start: 'earliest', ...(end && { end }) })
    signal.addEventListener('abort', () => void reader.close(), { once: true })
    for await (const batch of reader) for (const record of batch) take(record)
  }
  return { samples, rows, done: run() }
}

/** All that is there now. */
export async function readAll(kafka: Kafka) {
  const admin = await kafka.admin()
  const end = await admin.offsets(['telemetry'], 'latest').finally(() => admin.close())
  const { rows, done } = follow(kafka, new AbortController().signal, end)
  await done
  return rows
}
