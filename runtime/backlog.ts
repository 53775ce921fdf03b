import { setTimeout as sleep } from 'node:timers/promises'
import { type DiskBuffer, maxBatchBytes } from '../connectors/buffer/buffer.ts'
import { CatchUp, liveMs } from '../connectors/buffer/catch-up.ts'
import { sealed } from '../connectors/buffer/records.ts'
import type { OutRecord } from '../edge-broker/kafka.ts'
import { partitionOf } from '../edge-broker/partition.ts'
import type { Backlog } from '../edge-broker/task/drain.ts'
import { lineOf } from '../model/index.ts'

const unhurried = { catchUpBytesPerS: Number.MAX_SAFE_INTEGER }

/**
 * A disk buffer as the drain sees it: rows become Kafka records, partitioned by line and stamped with their receipt.
 * What has waited long is handed out at a limited rate, so that other sources' live data finds the brokers free.
 */
export function backlogOf(
  buffer: DiskBuffer,
  source: string,
  partitions: number,
  { catchUpBytesPerS } = unhurried,
): Backlog {
  const catchUp = new CatchUp(catchUpBytesPerS, () => buffer.takenBytes, Date.now())
  const isOld = (receivedAt: number) => receivedAt / 1000 < Date.now() - liveMs
  return {
    get epoch() {
      return buffer.epoch
    },
    get lastSeq() {
      return buffer.lastSeq
    },
    get acknowledgedSeq() {
      return buffer.acknowledgedSeq
    },
    get epochStart() {
      return buffer.epochStart
    },
    adoptEpoch: (epoch, start) => buffer.adoptEpoch(epoch, start),
    read(afterSeq) {
      const receivedAt = buffer.receivedAfter(afterSeq)
      if (receivedAt === undefined) return undefined
      const old = isOld(receivedAt)
      const limit = old ? catchUp.allowance(Date.now()) : maxBatchBytes
      if (limit === 0) return undefined
      const rows = buffer.read(afterSeq, limit)
      if (old) catchUp.spent(rows.reduce((sum, row) => sum + row.body.byteLength, 0))
      const last = rows.at(-1)
      if (!last) return undefined
      const records = rows.map((row): OutRecord => {
        const { key, value, headers } = sealed(row, source, buffer.epoch)
        const partition = partitionOf(lineOf(row.asset), partitions)
        const timestamp = Math.floor(row.receivedAt / 1000)
        return { topic: row.topic, partition, key, value, timestamp, ...(headers && { headers }) }
      })
      const resume = buffer.resumeAt(last.seq)
      const seqs = rows.map(({ seq }) => seq)
      return { records, seqs, lastSeq: last.seq, receivedAt, ...(resume !== undefined && { resume }) }
    },
    firstKept: () => buffer.firstAfter(buffer.epochStart),
    leaders: () => buffer.note('leaders'),
    keepLeaders: text => buffer.keepNote('leaders', text),
    acknowledge: seq => buffer.acknowledge(seq, Date.now()),
    async waitBeyond(seq, signal) {
      if (buffer.receivedAfter(seq) === undefined) await buffer.waitBeyond(seq, signal)
      else await sleep(catchUp.waitMs(Date.now()), undefined, { signal }).catch(() => {})
    },
  }
}
