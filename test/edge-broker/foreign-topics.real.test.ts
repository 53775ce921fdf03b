/** Every topic of a plant, as kcat, kafkajs and Kafka Connect read it with what `millrace client` gives out. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import type { Consumer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientAcls } from '../../edge-broker/acls.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { type ClientFormat, clientSettings } from '../../edge-broker/client-settings.ts'
import type { Kafka, OutRecord } from '../../edge-broker/kafka.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { exportRows, topicTable } from '../../edge-broker/topics.ts'
import { startCluster, type TestCluster } from '../cluster.ts'
import { needs } from '../needs.ts'
import { sinkToFiles } from '../servers/connect-file.ts'
import { keptSample, onePartition, published, schemasByTopic, todaysRecords } from '../todays-records.ts'

process.env.KAFKAJS_LOG_LEVEL = 'nothing'
const run = promisify(execFile)
const principal = 'client-lab'
const plant = { ...(await onePartition()), servers: [{ services: ['broker'] }] }
const schemas = schemasOfAll()
const readable = [...topicTable, ...exportRows(plant)].filter(({ readers }) => readers.includes('clients'))
const poison: OutRecord = {
  topic: 'dead-letter',
  partition: 0,
  key: 'press',
  value: 'not json',
  headers: { position: 'telemetry/0/7', code: 'bad-payload', reason: 'not a telemetry record of version 1' },
}

let cluster: TestCluster
let sent: Map<string, OutRecord[]>
const as = async (name: string): Promise<Kafka> =>
  connectKafka(await cluster.connection(name), { timeoutMs: 60_000 })

/** The exported copy of a topic has its schemas. */
function schemasOfAll(): Map<string, string[]> {
  const own = schemasByTopic()
  const copies = exportRows(plant).map(
    ({ name }) => [name, own.get(name.split('.').at(-1)!) ?? []] as [string, string[]],
  )
  return new Map([...own, ...copies])
}

beforeAll(async () => {
  cluster = await startCluster({ brokers: 1 })
  await provisionPlant(await as('admin'), plant)
  const admin = await (await as('admin')).admin()
  await admin.createAcls(clientAcls(plant, principal)).finally(() => admin.close())
  const kept = [...schemas].flatMap(([topic, ids]) =>
    ids.map(id => ({ topic, partition: 0, key: id, value: JSON.stringify(keptSample(id)) })),
  )
  const records = [...kept, ...todaysRecords(await onePartition()), poison]
  sent = Map.groupBy(records, ({ topic }) => topic)
  const task = await (await as('admin')).task({ id: 'processors.0', group: 'processors' })
  await task.commit(records, [])
  await task.close()
})
afterAll(() => cluster?.stop())

async function settings(format: ClientFormat, file: string): Promise<string> {
  const { bootstrap, tls } = await cluster.connection(principal)
  const path = join(cluster.dir, file)
  await writeFile(path, clientSettings(format, { bootstrap, principal, tls }))
  return path
}

const jsonTopics = readable.map(({ name }) => name).filter(name => schemas.has(name))

/** What was read is what was sent, in its order, and every record fits a published schema of its topic. */
function judge(read: ReadonlyMap<string, readonly string[]>): void {
  const ajv = new Ajv()
  for (const topic of jsonTopics) {
    const values = read.get(topic) ?? []
    expect(values, topic).toEqual(sent.get(topic)!.map(({ value }) => String(value)))
    const fits = schemas.get(topic)!.map(id => ajv.getSchema(id) ?? ajv.compile(published(id)))
    const misfits = values.filter(value => !fits.some(valid => valid(JSON.parse(value))))
    expect(misfits, topic).toEqual([])
  }
}

test('every topic that foreign readers may read has a schema, is binary, or nobody writes it yet', () => {
  const without = readable.filter(({ name }) => !schemas.has(name))
  const explained = ['waveforms', 'dead-letter']
  const silent = without.filter(({ name }) => !explained.includes(name) && sent.has(name))
  expect(silent).toEqual([])
  expect(jsonTopics.length).toBeGreaterThanOrEqual(10)
  for (const topic of jsonTopics) expect(sent.get(topic)?.length, topic).toBeGreaterThan(0)
})

test('kcat reads every topic by its published schema', async context => {
  needs(context, 'kcat')
  const file = await settings('kcat', 'kcat.conf')
  const kcat = async (topic: string, format: string) => {
    const read = ['-F', file, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-u', '-f', `${format}\\n`]
    const { stdout } = await run('kcat', read, { timeout: 60_000, maxBuffer: 1 << 28 })
    return stdout.split('\n').slice(0, -1)
  }
  const read = new Map<string, string[]>()
  for (const topic of jsonTopics) read.set(topic, await kcat(topic, '%s'))
  judge(read)
  const blocks = sent.get('waveforms')!.map(({ value }) => String((value as Uint8Array).byteLength))
  const lines = await kcat('waveforms', '%S %h')
  expect(lines.map(line => line.split(' ')[0])).toEqual(blocks)
  for (const line of lines) expect(line).toMatch(/asset=.*,tag=.*,t=\d+,rateHz=\d+,unit=.*,status=0,source=/)
  expect(await kcat('dead-letter', '%s %h')).toEqual([
    'not json position=telemetry/0/7,code=bad-payload,reason=not a telemetry record of version 1',
  ])
})

test('kafkajs reads every topic by its published schema', async () => {
  const file = await settings('kafkajs', 'kafkajs.mjs')
  const { consumer } = (await import(pathToFileURL(file).href)) as { consumer: Consumer }
  const topics = [...jsonTopics, 'waveforms', 'dead-letter']
  const due = topics.reduce((sum, topic) => sum + sent.get(topic)!.length, 0)
  const read = new Map<string, string[]>()
  const sizes: number[] = []
  let count = 0
  const all = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    async eachMessage({ topic, message }) {
      read.set(topic, [...(read.get(topic) ?? []), String(message.value)])
      if (topic === 'waveforms') sizes.push(message.value!.length)
      if (++count === due) all.resolve()
    },
  })
  await all.promise
  await consumer.disconnect()
  judge(read)
  expect(sizes).toEqual(sent.get('waveforms')!.map(({ value }) => (value as Uint8Array).byteLength))
  expect(read.get('dead-letter')).toEqual(['not json'])
}, 120_000)

test("Kafka Connect's file sink writes every topic by its published schema", async context => {
  needs(context, 'connectFile')
  const read = await sinkToFiles({
    dir: join(cluster.dir, 'connect'),
    settings: await settings('java', 'client.properties'),
    group: principal,
    topics: jsonTopics,
    lines: jsonTopics.reduce((sum, topic) => sum + sent.get(topic)!.length, 0),
  })
  judge(read)
}, 150_000)
