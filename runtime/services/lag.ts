import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Kafka } from '../../edge-broker/kafka.ts'
import { lagOf, type PartitionLag } from '../../edge-broker/lag.ts'
import { coded, type MillraceError } from '../../model/index.ts'
import { inputTopics, processorGroup } from '../input.ts'
import type { Metrics } from '../metrics.ts'

const everyMs = 5_000

export type LagWatchOptions = {
  readonly kafka: Kafka
  /** Partitions that this service processes now. */
  readonly held: () => readonly number[]
  readonly metrics: Pick<Metrics, 'lags'>
  readonly onTrouble: (error: MillraceError) => void
  readonly signal: AbortSignal
}

/** Measures how far this service is behind until aborted, from Kafka alone: it tells so of a processor that is stuck, too. */
export async function followLag({ kafka, held, metrics, onTrouble, signal }: LagWatchOptions): Promise<void> {
  let admin: Admin | undefined
  while (!signal.aborted) {
    try {
      admin ??= await kafka.admin()
      const partitions = held()
      const lags =
        partitions.length > 0
          ? await lagOf({ kafka, admin, group: processorGroup, topics: inputTopics, partitions })
          : []
      metrics.lags(lags)
    } catch (thrown) {
      await admin?.close()
      admin = undefined
      if (!signal.aborted) onTrouble(coded(thrown, 'internal', 'the lag is not known', { transient: true }))
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {})
  }
  await admin?.close()
}

/** Of the whole plant: records that wait, and for how long the oldest has, s. */
export async function processingLag(
  kafka: Kafka,
  now: number,
): Promise<{ records: number; seconds: number }> {
  const admin = await kafka.admin()
  const lags = await lagOf({ kafka, admin, group: processorGroup, topics: inputTopics }).finally(() =>
    admin.close(),
  )
  return summed(lags, now)
}

export function summed(lags: readonly PartitionLag[], now: number): { records: number; seconds: number } {
  const records = lags.reduce((sum, lag) => sum + lag.records, 0)
  return { records, seconds: Math.max(0, ...lags.map(({ since }) => (since ? (now - since) / 1000 : 0))) }
}
