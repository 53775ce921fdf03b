import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { javaCommand } from '../../edge-broker/java.ts'
import { propertiesText } from '../../edge-broker/node.ts'
import { freePort } from '../free-ports.ts'
import { connectFileJars } from '../needs.ts'

export type FileSinkOptions = {
  /** A folder of its own. */
  readonly dir: string
  /** The `java` settings of a foreign reader. */
  readonly settings: string
  readonly group: string
  readonly topics: readonly string[]
  /** Lines of all files together that are waited for. */
  readonly lines: number
}

const patienceMs = 90_000

/** Runs a standalone worker of Kafka Connect with one file sink a topic; gives the lines of each file. */
export async function sinkToFiles(options: FileSinkOptions): Promise<Map<string, string[]>> {
  const { dir, topics, lines } = options
  await mkdir(dir, { recursive: true })
  const worker = await written(join(dir, 'worker.properties'), await workerProperties(options))
  const sinks = await Promise.all(
    topics.map(topic => written(join(dir, `${topic}.properties`), sinkProperties(options, topic))),
  )
  const { command, args, env, cwd } = await javaCommand({
    mainClass: 'org.apache.kafka.connect.cli.ConnectStandalone',
    args: [worker, ...sinks],
    heapMiB: 256,
    dir,
    log: 'connect.log',
  })
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    env: { ...process.env, ...env },
    cwd,
    stdio: 'ignore',
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  try {
    return await filled(options, () => child.exitCode !== null, lines)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

const fileOf = ({ dir }: FileSinkOptions, topic: string) => join(dir, `${topic}.out`)

/** Once there are as many lines as are due, and no more a second later. */
async function filled(options: FileSinkOptions, hasEnded: () => boolean, due: number) {
  const read = () => new Map(options.topics.map(topic => [topic, linesOf(fileOf(options, topic))] as const))
  const count = () => [...read().values()].reduce((sum, { length }) => sum + length, 0)
  const deadline = Date.now() + patienceMs
  while (count() < due) {
    if (hasEnded() || Date.now() > deadline)
      throw new Error(`Kafka Connect gave ${count()} of ${due} lines, see ${options.dir}/connect.log`)
    await sleep(200)
  }
  await sleep(1_000)
  return read()
}

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []

async function written(file: string, properties: Record<string, string>): Promise<string> {
  await writeFile(file, propertiesText(properties))
  return file
}

/** Worker and sinks alike connect as the foreign reader. */
async function workerProperties({ dir, settings }: FileSinkOptions): Promise<Record<string, string>> {
  const access = Object.entries(propertiesIn(settings)).filter(([name]) => name !== 'group.id')
  return {
    ...Object.fromEntries(access.filter(([name]) => name !== 'isolation.level')),
    ...Object.fromEntries(access.map(([name, value]) => [`consumer.${name}`, value])),
    'consumer.auto.offset.reset': 'earliest',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'offset.storage.file.filename': join(dir, 'offsets'),
    'offset.flush.interval.ms': '1000',
    'plugin.path': connectFileJars,
    listeners: `http://127.0.0.1:${await freePort()}`,
  }
}

function propertiesIn(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n')
  const pairs = lines.filter(line => line.includes('=') && !line.startsWith('#'))
  return Object.fromEntries(pairs.map(line => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]))
}

const sinkProperties = (options: FileSinkOptions, topic: string) => ({
  name: topic,
  'connector.class': 'FileStreamSink',
  'tasks.max': '1',
  topics: topic,
  file: fileOf(options, topic),
  'consumer.override.group.id': `${options.group}.${topic}`,
})
