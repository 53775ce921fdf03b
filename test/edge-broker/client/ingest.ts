import { readFileSync } from 'node:fs'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection, Task } from '../../../edge-broker/kafka.ts'
import { MillraceError } from '../../../model/index.ts'

/**
 * A process that is made to be killed: brings the lines of a file into a topic, from where its positions say, in
 * transactions. Prints the number of the next line after each. Ends after the last line, or with exit code 3 when fenced.
 */
export type IngestOptions = {
  readonly connection: Connection
  readonly id: string
  readonly topic: string
  readonly partitions: number
  readonly file: string
  readonly linesAtOnce: number
}

const options: IngestOptions = JSON.parse(process.argv[2]!)
const { id, topic, partitions, linesAtOnce } = options
const lines = readFileSync(options.file, 'utf8').trimEnd().split('\n')

async function ingest(task: Task): Promise<void> {
  const [stored] = await task.positions([{ topic, partition: 0 }])
  let next = Number(stored?.offset ?? 0n)
  while (next < lines.length) {
    const records = lines.slice(next, next + linesAtOnce).map((value, i) => ({
      topic,
      partition: (next + i) % partitions,
      key: 'n',
      value,
    }))
    next += records.length
    await task.commit(records, [{ topic, partition: 0, offset: BigInt(next) }])
    console.log(next)
  }
}

const task = await connectKafka(options.connection).task({ id, group: id })
for (let done = false; !done; ) {
  try {
    await ingest(task)
    done = true
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    if (error.code === 'fenced') process.exit(3)
    if (!error.transient) throw error
  }
}
await task.close()
