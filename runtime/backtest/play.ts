import type { InRecord, OutRecord } from '../../edge-broker/kafka.ts'
import { MillraceError } from '../../model/index.ts'
import { type InputEvent, isTelemetry } from '../input.ts'
import type { ChainWorker } from '../worker.ts'
import type { FileRecord } from './file-history.ts'
import type { Period, Tally } from './job.ts'

/** Takes the results of the period. */
export type Sink = (result: OutRecord) => void

/**
 * Plays history into the workers of its partitions, as the shell does: what cannot be read is counted and the rest goes on.
 * Results of what reached Kafka before the period are thrown away.
 */
export function play(
  records: readonly (InRecord | FileRecord)[],
  workerOf: (partition: number) => ChainWorker,
  { fromMs, toMs }: Period,
  tally: Tally,
  sink: Sink,
): void {
  for (const record of records) {
    if (record.timestamp >= toMs) continue
    const results = stepped(record, workerOf(record.partition), tally)
    if (record.timestamp > tally.reachedMs) tally.reachedMs = record.timestamp
    if (record.timestamp >= fromMs) for (const result of results) sink(result)
  }
}

function stepped(record: InRecord | FileRecord, worker: ChainWorker, tally: Tally): readonly OutRecord[] {
  tally.records++
  try {
    tally.bytes += record.value?.byteLength ?? ('bytes' in record ? (record.bytes ?? 0) : 0)
    return 'parsed' in record ? worker.take(parsedEvent(record), record) : worker.step(record)
  } catch (thrown) {
    tally.unreadable++
    const place = `${record.topic}/${record.partition}/${record.offset}`
    tally.firstUnreadable ??= `${place}: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    return []
  }
}

function parsedEvent({ parsed, timestamp }: FileRecord): InputEvent {
  if (isTelemetry(parsed)) return { kind: 'telemetry', record: parsed, receivedAt: timestamp * 1_000 }
  throw new MillraceError('bad-payload', 'not a telemetry record of version 1')
}
