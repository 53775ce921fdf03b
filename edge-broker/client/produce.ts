import { createAPI, produceV11, Writer } from '@platformatic/kafka'
import { type BatchMessage, encodeBatch } from './record-batch.ts'

type Message = BatchMessage & { readonly topic: string; readonly partition: number }
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
  return encodeBatch(messages, {
    producerId,
    producerEpoch,
    firstSequence: sequences?.getWithDefault(key, 0) ?? 0,
    isTransactional: transactionalId !== undefined,
    isCompressed: compression === 'zstd',
  })
}

const [produceKey, produceVersion] = [0, 11]
export const produce = createAPI(produceKey, produceVersion, request, produceV11.parseResponse)
