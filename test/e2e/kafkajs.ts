import { pathToFileURL } from 'node:url'
import type { Consumer } from 'kafkajs'
import type { RunningPlant } from './running-plant.ts'

process.env.KAFKAJS_LOG_LEVEL = 'nothing'

export type Read<T> = { key: string; value: T; bytes: Buffer; headers: Record<string, string> }

/**
 * Reads a topic from its beginning with kafkajs, through the settings that `millrace client` wrote, until `enough` or a
 * minute has passed; then a second longer, so that what is too much shows as well.
 */
export async function readWithKafkajs<T>(
  plant: RunningPlant,
  topic: string,
  enough: (read: Read<T>[]) => boolean,
  { json = true } = {},
): Promise<Read<T>[]> {
  const name = `test-${topic}`
  const { stdout } = await plant.millrace('client', name, '--format', 'kafkajs', '--json')
  const { files } = JSON.parse(stdout) as { files: { settings: string } }
  const { consumer } = (await import(pathToFileURL(files.settings).href)) as { consumer: Consumer }
  const read: Read<T>[] = []
  const done = Promise.withResolvers<void>()
  const timer = setTimeout(() => done.resolve(), 60_000)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false, // whoever reads next begins at the beginning again
    eachBatch: async ({ batch }) => {
      for (const { key, value, headers } of batch.messages) {
        if (value === null) continue // a tombstone
        const bytes = value
        const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])
        read.push({
          key: String(key),
          value: json ? JSON.parse(bytes.toString()) : undefined,
          bytes,
          headers: Object.fromEntries(texts),
        })
      }
      if (enough(read)) setTimeout(() => done.resolve(), 1_000)
    },
  })
  await done.promise
  clearTimeout(timer)
  await consumer.disconnect()
  return read
}
