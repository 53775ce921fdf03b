/** What one thread does: its share of the partitions, from their history to files, and the difference to what was. */
import type { InRecord, OutRecord } from '../../edge-broker/kafka.ts'
import type { Alarm, Signal } from '../../model/index.ts'
import { type InputEvent, inputTopics } from '../input.ts'
import { type ChainWorker, chainWorker } from '../worker.ts'
import { type ComparedTopic, comparedTopics, Difference, type DifferenceRow } from './difference.ts'
import { type FileRecord, fileHistory } from './file-history.ts'
import { emptyTally, type Job, type Tally } from './job.ts'
import { kafkaHistory } from './kafka-history.ts'
import { play } from './play.ts'
import { resultWriter } from './results.ts'
import { pastResults, type Result } from './was.ts'

/** What the processors took: their input, and the ticks that were made where no telemetry came. */
const historyTopics = [...inputTopics, 'activations'] as const

export type Share = { readonly tally: Tally; readonly difference: readonly DifferenceRow[] }

/** Plays the job's partitions. @param onTally is told at every batch how far it is, and waited for */
export async function playShare(job: Job, onTally: (tally: Tally) => Promise<void>): Promise<Share> {
  const { plant } = job
  const tally = emptyTally()
  const difference = new Difference()
  const writer = resultWriter(job.outDir, job.topics, job.partitions)
  const wanted = new Set<string>([...job.topics, ...(job.was ? comparedTopics : [])])
  const past = new PastByPartition(job, difference)
  const sink = (result: OutRecord): void => {
    if (job.was) compareWouldBe(difference, result)
    if (!job.topics.includes(result.topic)) return
    tally.results[result.topic] = (tally.results[result.topic] ?? 0) + 1
    writer.write(result)
  }
  const onEvent = (event: InputEvent): void => {
    if (event.kind === 'telemetry') tally.samples += event.record.t.length
    else tally.blocks++
  }
  try {
    const workers = new Map<number, ChainWorker>()
    const workerOf = (partition: number): ChainWorker => {
      const options = { isWanted: (topic: string) => wanted.has(topic), keepsState: false, onEvent }
      const worker = workers.get(partition) ?? chainWorker({ current: plant }, options)
      workers.set(partition, worker)
      return worker
    }
    for await (const records of historyOf(job, tally)) {
      play(records, workerOf, job.period, tally, sink)
      await past.upTo(records)
      await onTally(tally)
    }
    await past.toTheEnd()
    return { tally, difference: job.was ? difference.rows() : [] }
  } finally {
    writer.close()
  }
}

async function* historyOf(
  { plant, history, partitions, period, warmUpMs }: Job,
  tally: Tally,
): AsyncGenerator<readonly (InRecord | FileRecord)[]> {
  if (history.kind === 'files') {
    const share = new Set(partitions)
    yield* fileHistory(history.files, plant.partitions, partition => share.has(partition))
    return
  }
  const { connectKafka } = await import('../../edge-broker/client/index.ts')
  const kafka = connectKafka(history.connection)
  const read = { fromMs: period.fromMs - warmUpMs, toMs: period.toMs }
  const onRemoved = (offsets: number) => {
    tally.removed += offsets
  }
  for (const partition of partitions) yield* kafkaHistory(kafka, historyTopics, partition, read, onRemoved)
}

function compareWouldBe(difference: Difference, { topic, value }: OutRecord): void {
  if (!(comparedTopics as readonly string[]).includes(topic)) return
  difference.add('wouldBe', topic as ComparedTopic, JSON.parse(String(value)) as Signal | Alarm)
}

/** Reads what was as far as what would be has come, so that neither has to be held. */
class PastByPartition {
  readonly #difference: Difference
  readonly #streams = new Map<number, { batches: AsyncIterator<readonly Result[]>; reachedMs: number }>()

  constructor({ plant, was, period, partitions }: Job, difference: Difference) {
    this.#difference = difference
    if (!was) return
    for (const partition of partitions) {
      const results = pastResults(was, period, partition, plant.partitions)
      this.#streams.set(partition, { batches: batchesOf(results), reachedMs: Number.NEGATIVE_INFINITY })
    }
  }

  async upTo(records: readonly (InRecord | FileRecord)[]): Promise<void> {
    const last = records.at(-1)
    if (this.#streams.size === 0 || !last) return
    const { partition, timestamp } = last
    while ((this.#streams.get(partition)?.reachedMs ?? Number.POSITIVE_INFINITY) < timestamp)
      await this.#next(partition)
  }

  async toTheEnd(): Promise<void> {
    for (const partition of this.#streams.keys())
      while (this.#streams.has(partition)) await this.#next(partition)
  }

  async #next(partition: number): Promise<void> {
    const stream = this.#streams.get(partition)!
    const { done, value } = await stream.batches.next()
    if (done) return void this.#streams.delete(partition)
    for (const { topic, value: result, timestamp } of value) {
      this.#difference.add('was', topic, result)
      stream.reachedMs = timestamp
    }
  }
}

async function* batchesOf(
  batches: AsyncIterable<readonly Result[]> | Iterable<readonly Result[]>,
): AsyncGenerator<readonly Result[]> {
  yield* batches
}
