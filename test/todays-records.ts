import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadPlant } from '../config/load.ts'
import type { Plant } from '../config/plant.ts'
import { openAccount, unopened } from '../connectors/account.ts'
import { recordsOf, sealed } from '../connectors/buffer/records.ts'
import type { InRecord, OutRecord } from '../edge-broker/kafka.ts'
import { topicTable } from '../edge-broker/topics.ts'
import type { Micros, Tag } from '../model/index.ts'
import { demoPlant } from '../runtime/layout.ts'
import { chainWorker } from '../runtime/worker.ts'
import { projectRoot } from './needs.ts'

const schemasDir = join(projectRoot, 'docs/schemas')
const jsonIn = (dir: string) => readdirSync(dir).filter(name => name.endsWith('.json'))
const readJson = (...path: string[]): object => JSON.parse(readFileSync(join(...path), 'utf8'))

/** A published schema, or a record kept from its first release, by its id. */
export const published = (id: string): object => readJson(schemasDir, `${id}.json`)
export const firstSchema = (id: string): object => readJson(schemasDir, 'first', `${id}.json`)
export const keptSample = (id: string): object => readJson(schemasDir, 'samples', `${id}.json`)
export const publishedIds = jsonIn(schemasDir).map(name => name.replace('.json', ''))

/** Which schemas the records of a topic have, as the page says that foreign readers go by. */
export function schemasByTopic(): Map<string, string[]> {
  const rows = readFileSync(join(schemasDir, 'README.md'), 'utf8').matchAll(
    /^\| `([a-z0-9-]+)` +\| (.*)\|$/gm,
  )
  const known = new Set(topicTable.map(({ name }) => name))
  const byTopic = new Map<string, string[]>()
  for (const [, id, text] of rows) {
    const topics = [...text!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!).filter(name => known.has(name))
    for (const topic of topics) byTopic.set(topic, [...(byTopic.get(topic) ?? []), id!])
  }
  return byTopic
}

/** The demo plant in one partition. */
export async function onePartition(): Promise<Plant> {
  return { ...(await loadPlant(demoPlant)), partitions: 1 }
}

/**
 * What the product writes today of two hours of a machine that runs hot and cools down again: by the code that writes
 * it, but for the broker between.
 */
export function todaysRecords(plant: Plant): OutRecord[] {
  const worker = chainWorker({ current: plant })
  const arrivals = machineRecords(plant)
  const outputs = arrivals.flatMap(arrival => worker.step(asRead(arrival)))
  return [...arrivals.map(({ record }) => record), ...outputs, ledgerRecord(plant)]
}

/** `receivedAt` is apart: brokers delete what is stamped with a time that is long over. */
type Arrival = { readonly record: OutRecord; readonly receivedAt: Micros }

const hour = 3_600

/** Received as it was measured: were it all received at once, it would be of the future, and no time to close windows by. */
function machineRecords({ assets }: Plant): Arrival[] {
  const asset = assets.find(({ signals }) => signals.some(({ name }) => name === 'motor-too-hot'))!
  const tagNamed = (test: (tag: Tag) => boolean) => asset.tags.find(test)!
  const temperature = tagNamed(({ name }) => name === 'motor-temperature')
  const vibration = tagNamed(tag => tag.class === 'waveform')
  const startS = 1_764_000_000
  const samples = Array.from({ length: (2 * hour) / 20 }, (_, i) => ({
    tag: temperature,
    t: (startS + 20 * i) * 1e6,
    value: i < 120 ? 130 + (i % 3) : 60 + (i % 7),
    status: 0,
  }))
  const block = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i / 7))
  const blocks = [0, 2, 4].map(s => ({ tag: vibration, t: (startS + s) * 1e6, value: block, status: 0 }))
  const inOrder = [...samples, ...blocks].sort((a, b) => a.t - b.t)
  const rows = inOrder.flatMap(sample => recordsOf([sample]).map(row => ({ ...row, receivedAt: sample.t })))
  return rows.map((row, i) => {
    const { key, value, headers } = sealed({ ...row, seq: i + 1 }, asset.source, 1)
    const record = { topic: row.topic, partition: 0, key, value, ...(headers && { headers }) }
    return { record, receivedAt: row.receivedAt }
  })
}

function asRead({ record, receivedAt }: Arrival): InRecord {
  const { topic, key, value, headers = {} } = record
  return {
    topic,
    partition: 0,
    offset: 0n,
    timestamp: receivedAt / 1_000,
    key,
    value: value === null ? null : Buffer.from(value),
    headers: new Map(Object.entries(headers)),
  }
}

function ledgerRecord({ sources }: Plant): OutRecord {
  const { name: source, connector, assets } = sources[0]!
  const account = openAccount({ source, connector, assets }, undefined)
  account.report.lost(undefined, 'queueOverflow', 3)
  const entry = { ...account.entry(unopened, 1_764_000_000_000), server: 'p1', term: 1 }
  return { topic: 'ledger', partition: 0, key: `${source}/p1`, value: JSON.stringify(entry) }
}
