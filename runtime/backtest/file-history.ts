/** History from files: telemetry records as lines, or recordings as `millrace replay` plays them. */
import type { InRecord } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { lineOf } from '../../model/index.ts'
import { telemetryDecoder } from '../telemetry-decoder.ts'
import type { FileInput } from './job.ts'
import { linesOf } from './lines.ts'

/** A record of a file as Kafka would have it; a line is parsed already, and was so many bytes. */
export type FileRecord = InRecord & { readonly parsed?: unknown; readonly bytes?: number }

const noHeaders: ReadonlyMap<string, string> = new Map()
const atOnce = 1_000

export function isLines({ path }: FileInput): boolean {
  return /\.(jsonl|ndjson|json)$/i.test(path)
}

/** Records of the wanted partitions, in the order of the files. Each batch is what was at hand. */
export async function* fileHistory(
  files: readonly FileInput[],
  partitions: number,
  isWanted: (partition: number) => boolean,
): AsyncGenerator<readonly FileRecord[]> {
  for (const file of files) {
    const records = isLines(file)
      ? lineRecords(file.path, partitions, isWanted)
      : (await import('./recording-history.ts')).recordingHistory(file, partitions)
    for await (const batch of records) yield batch.filter(({ partition }) => isWanted(partition))
  }
}

/**
 * Which line of the plant a record is of can be told without parsing it: so a thread parses only its share. A line that
 * names no asset is partition 0's, which tells that it cannot be read.
 */
function* lineRecords(
  path: string,
  partitions: number,
  isWanted: (partition: number) => boolean,
): Generator<readonly FileRecord[]> {
  const known = new Map<string, number>()
  let batch: FileRecord[] = []
  for (const { bytes, line } of linesOf(path)) {
    const [, asset = ''] = /"asset":"([^"\\]*)"/.exec(bytes.toString('latin1', 0, 600)) ?? []
    let partition = known.get(asset)
    if (partition === undefined) {
      partition = /^([^/]+\/){3}[^/]+$/.test(asset) ? partitionOf(lineOf(asset), partitions) : 0
      known.set(asset, partition)
    }
    if (!isWanted(partition)) continue
    batch.push(lineRecord(bytes, asset, partition, line))
    if (batch.length < atOnce) continue
    yield batch
    batch = []
  }
  yield batch
}

/** A line is a telemetry record, or has one as its `value` as `millrace tail --json` prints it. */
function lineRecord(bytes: Buffer, asset: string, partition: number, line: number): FileRecord {
  const parsed = parsedAt(bytes)
  const wrapped = isMapping(parsed) && 'topic' in parsed && 'value' in parsed ? parsed : undefined
  const value = wrapped ? wrapped.value : parsed
  const timestamp = Number(wrapped?.timestamp ?? newestMs(value))
  const offset = BigInt(line)
  const place = { topic: 'telemetry', partition, offset, timestamp, key: asset, headers: noHeaders }
  return { ...place, value: null, parsed: value, bytes: bytes.length }
}

const decode = telemetryDecoder()

/** What is no JSON is undefined, which is refused with its place. */
function parsedAt(bytes: Buffer): unknown {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The time of a record that does not say when it reached Kafka: its newest sample's. */
function newestMs(value: unknown): number {
  const { t } = (isMapping(value) ? value : {}) as { t?: readonly unknown[] }
  const times = Array.isArray(t) ? t.filter(each => Number.isSafeInteger(each)) : []
  return Math.floor(times.reduce((newest: number, each) => Math.max(newest, each as number), 0) / 1_000)
}
