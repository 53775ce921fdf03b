// The process that is measured: the processors of one partition as the service runs them. Arguments: connection (JSON),
// partition. For each line on stdin it tells what it has taken and used so far; the end of stdin ends it.
import { createInterface } from 'node:readline'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka, Task } from '../../edge-broker/kafka.ts'
import { runPartition } from '../../edge-broker/task/shell.ts'
import { inputTopics, processorGroup } from '../../runtime/input.ts'
import { chainWorker } from '../../runtime/worker.ts'
import { plant } from './load.ts'

export type Usage = {
  records: number
  cpuMicros: number
  rssBytes: number
  /** Milliseconds that each commit since the last question took. */
  commitsMs: number[]
}

const [connection = '', partition = '0'] = process.argv.slice(2)
const stop = new AbortController()
let records = 0
let commitsMs: number[] = []

/** The same Kafka, with its commits timed. */
function timed(kafka: Kafka): Kafka {
  return {
    ...kafka,
    async task(options) {
      const task = await kafka.task(options)
      const commit: Task['commit'] = async (...given) => {
        const begin = performance.now()
        await task.commit(...given)
        commitsMs.push(performance.now() - begin)
      }
      return {
        positions: of => task.positions(of),
        settle: of => task.settle(of),
        commit,
        close: () => task.close(),
      }
    },
  }
}

createInterface({ input: process.stdin })
  .on('line', () => {
    const { user, system } = process.cpuUsage()
    const usage = { records, cpuMicros: user + system, rssBytes: process.memoryUsage.rss(), commitsMs }
    commitsMs = []
    console.log(JSON.stringify(usage satisfies Usage))
  })
  .on('close', () => stop.abort())
console.log('ready')
await runPartition({
  kafka: timed(connectKafka(JSON.parse(connection), { timeoutMs: 60_000 })),
  partition: Number(partition),
  inputs: inputTopics,
  changelog: 'state',
  deadLetter: 'dead-letter',
  group: processorGroup,
  newWorker: () => chainWorker({ current: plant }),
  signal: stop.signal,
  onTrouble: error => console.error(error.explanation),
  onCommit: inputs => {
    records += inputs
  },
})
