import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs, { type Kafka as KafkaJs } from 'kafkajs'
import { javaCommand } from '../../../edge-broker/java.ts'
import type { Connection } from '../../../edge-broker/kafka.ts'

const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
})

/** A Kafka client that nobody here wrote: what it reads is what is there. */
export function foreignKafka({ bootstrap, clientId, tls }: Connection): KafkaJs {
  return new kafkajs.Kafka({
    clientId: `foreign-${clientId}`,
    brokers: [...bootstrap],
    ssl: { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
    logLevel: logLevel.NOTHING,
  })
}

export type ForeignRecord = { readonly partition: number; readonly key: string; readonly value: string }

/** The key of the record that ends a partition for `readForeign`. */
export const endKey = 'end'

/** All committed records of a topic in each partition's order, up to the record with the end key in each partition. */
export async function readForeign(
  connection: Connection,
  topic: string,
  partitions: number,
): Promise<ForeignRecord[]> {
  const consumer = foreignKafka(connection).consumer({ groupId: `foreign-${randomUUID()}` })
  const records = new Map<string, ForeignRecord>() // by offset: it may begin again from where it has committed
  const ended = new Set<number>()
  const done = Promise.withResolvers<void>()
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) done.reject(payload.error)
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const key = String(message.key)
        if (key === endKey) ended.add(partition)
        else records.set(`${partition}/${message.offset}`, { partition, key, value: String(message.value) })
        if (ended.size === partitions) done.resolve()
      },
    })
    await done.promise
  } finally {
    await consumer.disconnect()
  }
  return [...records.values()]
}

/** A transaction that is not ended yet. */
export async function foreignTransaction(connection: Connection, transactionalId: string) {
  const producer = foreignKafka(connection).producer({
    transactionalId,
    maxInFlightRequests: 1,
    idempotent: true,
  })
  await producer.connect()
  return { producer, begin: () => producer.transaction(), close: () => producer.disconnect() }
}

/** What one of Kafka's own command line tools prints. */
export async function kafkaTool(
  { dir }: { readonly dir: string },
  { bootstrap, tls }: Connection,
  tool: string,
  args: readonly string[],
): Promise<string> {
  const [keyStore, config] = [join(dir, 'tool.pem'), join(dir, 'tool.properties')]
  await writeFile(keyStore, `${readFileSync(tls.key)}${readFileSync(tls.cert)}`, { mode: 0o600 })
  const settings = [
    'security.protocol=SSL',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${keyStore}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${tls.ca}`,
  ]
  await writeFile(config, settings.join('\n'))
  const java = await javaCommand({
    mainClass: `org.apache.kafka.tools.${tool}`,
    args: ['--bootstrap-server', bootstrap.join(','), '--command-config', config, ...args],
    heapMiB: 64,
    dir,
    log: 'tool.log',
    flags: ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
  })
  const env = { ...process.env, ...java.env }
  return (await promisify(execFile)(java.command, [...java.args], { env, cwd: java.cwd })).stdout
}
