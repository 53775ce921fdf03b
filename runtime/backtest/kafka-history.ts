import type { InRecord, Kafka, Reader } from '../../edge-broker/kafka.ts'
import type { Period } from './job.ts'

/**
 * A source that was cut off sends what its disk buffer held when it is back, stamped with its receipt: it lies behind
 * younger records. So far behind the end of the period is looked for it, ms.
 */
const latestBufferedMs = 3_600_000

type Topics = readonly string[]

/**
 * Committed records of one partition of some topics with a time in the period, as one stream: each topic in its order, and
 * between topics by time, then by topic. So the order is the same at every reading, whatever a fetch brings.
 */
export async function* kafkaHistory(
  kafka: Kafka,
  topics: Topics,
  partition: number,
  { fromMs, toMs }: Period,
  onRemoved: (offsets: number) => void = () => {},
): AsyncGenerator<readonly InRecord[]> {
  const admin = await kafka.admin()
  const end = Number.isFinite(toMs) ? { timestamp: toMs + latestBufferedMs } : 'latest'
  const ends = await admin.offsets(topics, end).finally(() => admin.close())
  const readers = await Promise.all(
    topics.map(topic =>
      kafka.reader({
        partitions: [{ topic, partition }],
        start: { timestamp: fromMs },
        end: ends.filter(end => end.topic === topic && end.partition === partition),
        onGap: ({ from, to }) => onRemoved(Number(to - from)),
      }),
    ),
  )
  try {
    for await (const records of merged(readers.map(streamOf)))
      yield records.filter(({ timestamp }) => timestamp >= fromMs && timestamp < toMs)
  } finally {
    await Promise.all(readers.map(reader => reader.close()))
  }
}

/** One topic: its records that are there, and where the next one is among them. */
type Stream = { readonly batches: AsyncIterator<readonly InRecord[]>; batch: readonly InRecord[]; at: number }

function streamOf(reader: Reader): Stream {
  return { batches: reader[Symbol.asyncIterator](), batch: [], at: 0 }
}

/** Goes on as long as every stream that has not ended has a record at hand: only then it is known which comes next. */
export async function* merged(streams: Stream[]): AsyncGenerator<readonly InRecord[]> {
  let open = streams
  for (;;) {
    for (const stream of open) await refill(stream)
    open = open.filter(({ batch, at }) => at < batch.length)
    if (open.length === 0) return
    yield open.length === 1 ? rest(open[0]!) : interleaved(open)
  }
}

async function refill(stream: Stream): Promise<void> {
  while (stream.at >= stream.batch.length) {
    const { done, value } = await stream.batches.next()
    if (done) return
    stream.batch = value
    stream.at = 0
  }
}

function rest(stream: Stream): readonly InRecord[] {
  const records = stream.batch.slice(stream.at)
  stream.at = stream.batch.length
  return records
}

function interleaved(streams: readonly Stream[]): InRecord[] {
  const records: InRecord[] = []
  while (streams.every(({ batch, at }) => at < batch.length)) {
    const next = streams.reduce((first, other) =>
      other.batch[other.at]!.timestamp < first.batch[first.at]!.timestamp ? other : first,
    )
    records.push(next.batch[next.at++]!)
  }
  return records
}
