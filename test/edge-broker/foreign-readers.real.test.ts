import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientAcls } from '../../edge-broker/acls.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { type ClientFormat, clientSettings } from '../../edge-broker/client-settings.ts'
import { javaCommand } from '../../edge-broker/java.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { startCluster, type TestCluster } from '../cluster.ts'
import { needs } from '../needs.ts'

const run = promisify(execFile)
const plant = { name: 'demo', partitions: 1, servers: [{ services: ['broker'] }] }
const sent = ['one', 'two', 'three']

let cluster: TestCluster
let settingsDir: string
const as = async (principal: string): Promise<Kafka> =>
  connectKafka(await cluster.connection(principal), { timeoutMs: 60_000 })

beforeAll(async () => {
  cluster = await startCluster({ brokers: 1 })
  await provisionPlant(await as('admin'), plant)
  const admin = await (await as('admin')).admin()
  await admin.createAcls(clientAcls(plant, 'client-lab')).finally(() => admin.close())
  const task = await (await as('processors')).task({ id: 'processors.0', group: 'processors' })
  const records = sent.map(value => ({ topic: 'signals', partition: 0, key: 'press', value }))
  await task.commit(records, [])
  await task.close()
  settingsDir = cluster.dir
})
afterAll(() => cluster?.stop())

/** The settings file of `client-lab` as it is handed out. */
async function settings(format: ClientFormat, file: string): Promise<string> {
  const { bootstrap, tls } = await cluster.connection('client-lab')
  const path = join(settingsDir, file)
  await writeFile(path, clientSettings(format, { bootstrap, principal: 'client-lab', tls }))
  return path
}

test('kcat reads with its settings, and cannot write', async context => {
  needs(context, 'kcat')
  const file = await settings('kcat', 'kcat.conf')
  const read = ['-F', file, '-C', '-t', 'signals', '-o', 'beginning', '-e', '-q', '-u']
  const { stdout } = await run('kcat', read, { timeout: 60_000 })
  expect(stdout.trim().split('\n')).toEqual(sent)
  const write = run('sh', ['-c', `echo x | kcat -F ${file} -P -t signals -X message.timeout.ms=8000`])
  await expect(write).rejects.toThrow(/authorization failed/i)
})

test("Kafka's own consumer reads with its settings, in its own group", async () => {
  const file = await settings('java', 'client.properties')
  const { command, args, env, cwd } = await javaCommand({
    mainClass: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
    args: [
      ...['--bootstrap-server', cluster.bootstrap.join(','), '--command-config', file],
      ...['--topic', 'signals', '--from-beginning', '--max-messages', String(sent.length)],
    ],
    heapMiB: 64,
    dir: cluster.dir,
    log: 'consumer.log',
  })
  const { stdout } = await run(command, [...args], { env: { ...process.env, ...env }, cwd, timeout: 90_000 })
  expect(stdout.trim().split('\n')).toEqual(sent)
}, 120_000)

test("a group of another client's is refused", async context => {
  needs(context, 'kcat')
  const file = await settings('kcat', 'kcat.conf')
  const options = ['-F', file, '-X', 'auto.offset.reset=earliest', '-c', String(sent.length), '-q']
  const read = (group: string) => run('timeout', ['30', 'kcat', ...options, '-G', group, 'signals'])
  expect((await read('client-lab.notebook')).stdout.trim().split('\n')).toEqual(sent)
  await expect(read('client-lab-2')).rejects.toThrow(/authorization failed/i)
})

test('nobody but the processors reads their state', async () => {
  const reader = (await as('client-lab')).reader({
    partitions: [{ topic: 'state', partition: 0 }],
    start: 'earliest',
  })
  await expect(reader).rejects.toMatchObject({ code: /unauthorised|bad-address/ })
})
