import {
  type API,
  addPartitionsToTxnV3,
  type Callback,
  kGetApi,
  type MessageToProduce,
  Producer,
  type SendOptions,
} from '@platformatic/kafka'
import type { OutRecord } from '../kafka.ts'
import { clientOptions, type Settings } from './connection.ts'
import { produce } from './produce.ts'

/** Most bytes of keys, values and headers in one batch; brokers take 1 MiB (message.max.bytes), unless told otherwise. */
const chunkBytes = 900_000

/** What a record costs besides its key, value and headers, bytes: lengths, deltas, attributes. */
const recordOverheadBytes = 30

/** Below this a batch is sent as it is: lz4 saves next to nothing, and costs the broker a decompression. */
const compressFromBytes = 1_024

/**
 * Most that timestamps of one batch may differ from its first, ms (24 days): beyond that the library writes wrong ones
 * (its 64 bit varints are right for 32 bits only). One record of a device without a clock is enough.
 */
const timestampSpreadMs = 2n ** 31n - 1n

export type Batch = { readonly messages: MessageToProduce[]; bytes: number }

/** All that is to be sent to one partition, in order. */
export type Lane = { readonly topic: string; readonly partition: number; readonly batches: Batch[] }

type SendBatch = (options: SendOptions<Buffer, Buffer, Buffer, Buffer>) => Promise<unknown>

/**
 * Brokers with access lists take AddPartitionsToTxn beyond version 3 from other brokers only: it needs ClusterAction.
 * The library would take the highest version it knows. What is produced is encoded by us.
 */
export class MillraceProducer extends Producer {
  override [kGetApi]<Arguments extends unknown[], Response>(
    name: string,
    callback: Callback<API<Arguments, Response>>,
  ): void {
    if (name === 'Produce') callback(null, produce as unknown as API<Arguments, Response>)
    else if (name !== 'AddPartitionsToTxn') super[kGetApi](name, callback)
    else callback(null, addPartitionsToTxnV3.api as unknown as API<Arguments, Response>)
  }
}

/** An idempotent producer, with acks=all; a transactional one when it has an id. */
export function newProducer(settings: Settings, transactionalId?: string): MillraceProducer {
  return new MillraceProducer({
    ...clientOptions(settings),
    idempotent: true,
    producerId: -1n,
    producerEpoch: -1,
    ...(transactionalId ? { transactionalId } : {}),
  })
}

/** Sorts records into partitions and cuts each into batches that a broker takes. */
export function lanesOf(records: readonly OutRecord[]): Lane[] {
  const lanes = new Map<string, Lane>()
  for (const record of records) {
    const { topic, partition } = record
    const key = `${topic}/${partition}`
    const lane = lanes.get(key) ?? { topic, partition, batches: [] }
    lanes.set(key, lane)
    append(lane, messageOf(record))
  }
  return [...lanes.values()]
}

/** One send after the other: partitions go in parallel, a partition's batches must not. */
export async function sendLane({ batches }: Lane, send: SendBatch): Promise<void> {
  for (const { messages, bytes } of batches) {
    await send({ messages, compression: bytes < compressFromBytes ? 'none' : 'zstd' })
  }
}

function append({ batches }: Lane, message: MessageToProduce): void {
  const bytes = sizeOf(message)
  const last = batches.at(-1)
  if (last && last.bytes + bytes <= chunkBytes && isNear(message, last.messages[0]!)) {
    last.messages.push(message)
    last.bytes += bytes
  } else {
    batches.push({ messages: [message], bytes })
  }
}

function isNear(a: MessageToProduce, b: MessageToProduce): boolean {
  const apart = a.timestamp! - b.timestamp!
  return apart <= timestampSpreadMs && apart >= -timestampSpreadMs
}

function messageOf({ topic, partition, key, value, headers, timestamp }: OutRecord): MessageToProduce {
  return {
    topic,
    partition,
    key: Buffer.from(key),
    ...(value === null ? {} : { value: bufferOf(value) }),
    ...(headers ? { headers: headerMap(headers) } : {}),
    timestamp: BigInt(Math.trunc(timestamp ?? Date.now())),
  }
}

function headerMap(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

function bufferOf(value: Uint8Array | string): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function sizeOf({ key, value, headers }: MessageToProduce): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers instanceof Map) for (const [name, text] of headers) bytes += name.length + text.length + 4
  return bytes
}
