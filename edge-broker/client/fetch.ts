import { type Broker, type ConnectionPool, fetchV13, type Reader } from '@platformatic/kafka'
import type { AbortedTransaction } from './batches.ts'

const fetchKey = 1
const fetchVersion = 13
const readCommitted = 1
const noSession = { id: 0, epoch: -1 }

/** How long a broker holds a fetch that finds nothing, ms; well below the request timeout. */
const maxWaitMs = 500
/** Bounds of one response, bytes. A broker gives at least one batch, however big. */
const maxBytes = 8 * 1024 * 1024
const maxPartitionBytes = 4 * 1024 * 1024

export type FetchTarget = { readonly topicId: string; readonly partition: number; readonly offset: bigint }

export type FetchAnswer = {
  readonly topicId: string
  readonly partition: number
  /** Of the protocol guide; 0 is none */
  readonly errorCode: number
  readonly lastStableOffset: bigint
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches as they are in the log */
  readonly batches: Buffer
}

/**
 * One fetch of committed records from one broker. The library's own parser makes objects of all records before anybody
 * takes them, and its consumer shows aborted records when their marker is in a later fetch; so only its requests and
 * connections are used here.
 */
export async function fetchFrom(
  connections: ConnectionPool,
  broker: Broker,
  targets: readonly FetchTarget[],
): Promise<{ readonly errorCode: number; readonly answers: FetchAnswer[] }> {
  const connection = await connections.get(broker)
  return new Promise((resolve, reject) => {
    connection.send(
      fetchKey,
      fetchVersion,
      () => request(targets),
      parse,
      true,
      true,
      (error, answer) => {
        if (error || !answer) reject(error)
        else resolve(answer)
      },
    )
  })
}

export const bytesOf = (answers: readonly FetchAnswer[]): number =>
  answers.reduce((sum, { batches }) => sum + batches.length, 0)

/** Whether a broker had room for all it has: then what is empty here is empty there. */
export const isWhole = (answers: readonly FetchAnswer[]): boolean => bytesOf(answers) < maxBytes

function request(targets: readonly FetchTarget[]) {
  const topics = [...Map.groupBy(targets, ({ topicId }) => topicId)].map(([topicId, targets]) => ({
    topicId,
    partitions: targets.map(({ partition, offset }) => ({
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: maxPartitionBytes,
    })),
  }))
  const { id, epoch } = noSession
  return fetchV13.createRequest(maxWaitMs, 1, maxBytes, readCommitted, id, epoch, topics, [], '')
}

/** Fetch response, version 13 (Kafka protocol guide). */
function parse(_correlationId: number, _key: number, _version: number, reader: Reader) {
  reader.reset(reader.buffer.slice()) // in one piece: what is cut out of it below needs no further copy
  reader.readInt32() // throttle time
  const errorCode = reader.readInt16()
  reader.readInt32() // session
  const topics = reader.readArray(r => {
    const topicId = r.readUUID()
    return r.readArray(r => partitionAnswer(r, topicId))
  })
  return { errorCode, answers: topics.flat() }
}

function partitionAnswer(r: Reader, topicId: string): FetchAnswer {
  const partition = r.readInt32()
  const errorCode = r.readInt16()
  r.readInt64() // high watermark
  const lastStableOffset = r.readInt64()
  r.readInt64() // log start offset
  const aborted = r.readArray(r => ({ producerId: r.readInt64(), firstOffset: r.readInt64() }))
  r.readInt32() // preferred read replica
  const length = Math.max(0, r.readUnsignedVarInt() - 1)
  const batches = r.buffer.slice(r.position, r.position + length)
  r.skip(length)
  return { topicId, partition, errorCode, lastStableOffset, aborted, batches }
}
