import { closeSync, createReadStream, createWriteStream, openSync, rmSync, writeSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { OutRecord } from '../../edge-broker/kafka.ts'
import { partFile, resultFile } from './job.ts'

/** Characters that are held before they are written. */
const pieceChars = 1 << 18

export type ResultWriter = { write(result: OutRecord): void; close(): void }

/** Writes a line a result, the value as its topic would carry it; a file a topic and partition. */
export function resultWriter(
  outDir: string,
  topics: readonly string[],
  partitions: readonly number[],
): ResultWriter {
  const files = new Map(
    topics.flatMap(topic =>
      partitions.map(partition => {
        const file = { fd: openSync(partFile(outDir, topic, partition), 'w'), text: '' }
        return [`${topic}/${partition}`, file] as const
      }),
    ),
  )
  const flush = (file: { fd: number; text: string }) => {
    writeSync(file.fd, file.text)
    file.text = ''
  }
  return {
    write({ topic, partition, value }) {
      const file = files.get(`${topic}/${partition}`)
      if (!file) return
      file.text += `${value}\n`
      if (file.text.length > pieceChars) flush(file)
    },
    close() {
      for (const file of files.values()) {
        flush(file)
        closeSync(file.fd)
      }
    },
  }
}

/** One file a topic, partition after partition: so the bytes do not depend on who played which. */
export async function joinParts(
  outDir: string,
  topics: readonly string[],
  partitions: number,
): Promise<string[]> {
  for (const topic of topics) {
    rmSync(resultFile(outDir, topic), { force: true })
    for (let partition = 0; partition < partitions; partition++) {
      const part = partFile(outDir, topic, partition)
      await pipeline(
        createReadStream(part),
        createWriteStream(resultFile(outDir, topic), { flags: 'a', mode: 0o644 }),
      )
      rmSync(part)
    }
  }
  return topics.map(topic => resultFile(outDir, topic))
}
