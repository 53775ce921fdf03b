/** A processor service in small, run as a process that a test may kill: summing.ts <connection as JSON>. */
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection } from '../../../edge-broker/kafka.ts'
import { runPartition, type Worker } from '../../../edge-broker/task/shell.ts'
import { MillraceError } from '../../../model/index.ts'

type Sum = { count: number; sum: number }

/** For each number of a key: how many there were, and their sum. */
function summing(partition: number): Worker {
  const sums = new Map<string, Sum>()
  const changed = new Set<string>()
  return {
    restore(key, value) {
      sums.set(key, JSON.parse(value.toString()) as Sum)
    },
    step({ key, value }) {
      const number = Number(value?.toString())
      if (!Number.isFinite(number)) throw new MillraceError('bad-payload', `"${value}" is not a number`)
      const { count, sum } = sums.get(key) ?? { count: 0, sum: 0 }
      const next = { count: count + 1, sum: sum + number }
      sums.set(key, next)
      changed.add(key)
      return [{ topic: 'sums', partition, key, value: JSON.stringify(next) }]
    },
    changed() {
      const entries = Array.from(changed, key => ({ key, value: JSON.stringify(sums.get(key)) }))
      changed.clear()
      return entries
    },
  }
}

const connection = JSON.parse(process.argv[2]!) as Connection
const kafka = connectKafka(connection)
const stop = new AbortController()
process.on('disconnect', () => process.exit(0))
const partitions = [0, 1].map(partition =>
  runPartition({
    kafka,
    partition,
    inputs: ['numbers'],
    changelog: 'state',
    deadLetter: 'dead-letter',
    group: 'summing',
    newWorker: () => summing(partition),
    signal: stop.signal,
    onTrouble: error => console.error(partition, error.code, error.explanation),
    onCommit: inputs => process.send?.({ inputs }),
  }),
)
await Promise.all(partitions).catch(error => {
  console.error(error instanceof MillraceError ? error.code : error)
  process.exit(error instanceof MillraceError && error.code === 'fenced' ? 3 : 1)
})
