/**
 * A backtest, and its terms.
 *
 *   period    which records count: by when they reached Kafka, which is also what the results are stamped with
 *   warm-up   history before the period that fills windows and baselines; what comes of it is thrown away
 *   share     the partitions that one thread plays, each by a worker of its own, as the service does
 *   was       the results that there are already, to compare with
 */
import type { Plant } from '../../config/plant.ts'
import type { Connection } from '../../edge-broker/kafka.ts'

export type Period = { readonly fromMs: number; readonly toMs: number }

export type FileInput = {
  readonly path: string
  /** Whose recording it is, for a CSV or waveform. */
  readonly asset?: string
  /** Options of the replay connector. */
  readonly options: Readonly<Record<string, unknown>>
}

export type Place =
  | { readonly kind: 'kafka'; readonly connection: Connection }
  | { readonly kind: 'files'; readonly files: readonly FileInput[] }

/** Can be handed to a thread. */
export type Job = {
  readonly plant: Plant
  readonly partitions: readonly number[]
  readonly period: Period
  readonly warmUpMs: number
  /** Topics of the results that are written. */
  readonly topics: readonly string[]
  readonly outDir: string
  readonly history: Place
  readonly was?: Place
}

/** What was played so far. */
export type Tally = {
  records: number
  samples: number
  /** Vibration blocks, each a sample. */
  blocks: number
  /** Input bytes. */
  bytes: number
  /** Could not be read; the first of them with its reason. */
  unreadable: number
  firstUnreadable?: string | undefined
  /** Removed by retention before it was read, offsets. */
  removed: number
  /** When the last record reached Kafka, ms UTC. */
  reachedMs: number
  /** Records written, by topic. */
  results: Record<string, number>
}

export function emptyTally(): Tally {
  return { records: 0, samples: 0, blocks: 0, bytes: 0, unreadable: 0, removed: 0, reachedMs: 0, results: {} }
}

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = emptyTally()
  for (const one of tallies) {
    sum.records += one.records
    sum.samples += one.samples
    sum.blocks += one.blocks
    sum.bytes += one.bytes
    sum.unreadable += one.unreadable
    sum.removed += one.removed
    sum.reachedMs = Math.max(sum.reachedMs, one.reachedMs)
    sum.firstUnreadable ??= one.firstUnreadable
    for (const [topic, count] of Object.entries(one.results))
      sum.results[topic] = (sum.results[topic] ?? 0) + count
  }
  return sum
}

export const partFile = (outDir: string, topic: string, partition: number): string =>
  `${outDir}/${topic}.${partition}.part`
export const resultFile = (outDir: string, topic: string): string => `${outDir}/${topic}.jsonl`
