import { createAPI, produceV11, UserError, Writer } from '@platformatic/kafka'
import { type BatchMessage, encodeBatch } from './record-batch.ts'

export type Message = Omit<BatchMessage, 'timestamp'> & {
  readonly topic: string
  readonly partition: number
  timestamp?: bigint | undefined
}
type Options = {
  readonly compression?: string
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly sequences?: { getWithDefault(key: string, otherwise: number): number }
  readonly transactionalId?: string
}

/** Produce request, version 11 (Kafka protocol guide), as the library makes it, but for the batches in it. */
function request(acks: number, timeoutMs: number, messages: readonly Message[], options: Options): Writer {
  return Writer.create()
    .appendString(options.transactionalId)
    .appendInt16(acks)
    .appendInt32(timeoutMs)
    .appendArray([...Map.groupBy(messages, ({ topic }) => topic)], (w, [topic, messages]) => {
      const partitions = [...Map.groupBy(messages, ({ partition }) => partition)]
      w.appendString(topic).appendArray(partitions, (w, [partition, messages]) => {
        const batch = batchOf(`${topic}:${partition}`, messages, options)
        w.appendInt32(partition)
          .appendUnsignedVarInt(batch.length + 1)
          .append(batch)
      })
    })
    .appendTaggedFields()
}

/** A repeated request gets the sequence of the first: the library keeps them for a send. */
function batchOf(key: string, messages: readonly Message[], options: Options): Buffer {
  const { compression = 'none', producerId = -1n, producerEpoch = 0, sequences, transactionalId } = options
  return encodeBatch(messages.map(stamped), {
    producerId,
    producerEpoch,
    firstSequence: sequences?.getWithDefault(key, 0) ?? 0,
    isTransactional: transactionalId !== undefined,
    isCompressed: compression === 'zstd',
  })
}

/** The time of the first attempt stays with the message, as with the library: a repeated request is the same. */
function stamped(message: Message): BatchMessage {
  message.timestamp ??= BigInt(Date.now())
  return message as BatchMessage
}

/** What cannot be encoded never will be: the library repeats, without end, whatever is not marked as such. */
function requestOnce(...args: Parameters<typeof request>): Writer {
  try {
    return request(...args)
  } catch (thrown) {
    throw new UserError('Failed to encode a batch.', { cause: thrown as Error })
  }
}

const [produceKey, produceVersion] = [0, 11]
export const produce = createAPI(produceKey, produceVersion, requestOnce, produceV11.parseResponse)
