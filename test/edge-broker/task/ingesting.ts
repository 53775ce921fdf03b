/** A connector service in small, run as a process that a test kills: ingesting.ts <connection as JSON> <buffer file>. */
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Connection } from '../../../edge-broker/kafka.ts'
import { own } from '../../../edge-broker/lease/own.ts'
import { drain } from '../../../edge-broker/task/drain.ts'
import { backlogOf } from '../../../runtime/backlog.ts'

const connection = JSON.parse(process.argv[2]!) as Connection
const buffer = openBuffer({ path: process.argv[3]! })
const stop = new AbortController()
process.on('disconnect', () => process.exit(0))
setInterval(() => {
  const number = buffer.lastSeq + 1
  const record = {
    topic: 'telemetry',
    asset: 's/a/l/m',
    body: Buffer.from(`"number":${number}}`),
    samples: 1,
  } as const
  buffer.append([record], Date.now() * 1000, String(number))
  process.send?.({ appended: buffer.lastSeq })
}, 2)
const backlog = backlogOf(buffer, 'plc', 2)
const { task } = await own({
  kafka: connectKafka(connection),
  source: 'plc',
  server: 'p1',
  servers: ['p1'],
  maxSessions: 1,
  wordOf: () => 'unknown',
  backlog,
  signal: stop.signal,
  onBehind: () => {},
})
await drain({
  task,
  source: 'plc',
  server: 'p1',
  backlog,
  signal: stop.signal,
  last: stop.signal,
  onTrouble: error => console.error(error.code, error.explanation),
})
