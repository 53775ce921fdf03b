/**
 * The processors without Kafka: what decoding, windows, results and state cost of CPU a sample, for commits of a record an
 * asset (live) and of ten (catching up); and the backtest over the same records in a file. Needs no broker.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InRecord } from '../../edge-broker/kafka.ts'
import { runBacktest } from '../../runtime/backtest/run.ts'
import { chainWorker } from '../../runtime/worker.ts'
import type { Row } from '../row.ts'
import { assetIds, assets, plant, recordText, samplesPerRound } from './load.ts'

const rounds = 60
const startMicros = Date.UTC(2026, 0, 1) * 1_000

export async function measure(): Promise<Row[]> {
  const records = Array.from({ length: rounds * assets }, (_, i) => recordAt(i))
  worked(records, assets) // the compiler's first look
  return [
    ...rowsOf('live', worked(records, assets)),
    ...rowsOf('catching up', worked(records, 10 * assets)),
    await backtested(records),
  ]
}

function recordAt(i: number): InRecord {
  const asset = i % assets
  const value = Buffer.from(recordText(asset, Math.floor(i / assets), startMicros))
  const place = { topic: 'telemetry', partition: 0, offset: BigInt(i), timestamp: startMicros / 1_000 }
  return { ...place, key: assetIds[asset]!, value, headers: new Map() }
}

type Worked = { cpuMicros: number; writtenPerRead: number }

function worked(records: readonly InRecord[], perCommit: number): Worked {
  const worker = chainWorker({ current: plant })
  const before = process.cpuUsage()
  let read = 0
  let written = 0
  for (let from = 0; from < records.length; from += perCommit) {
    for (const record of records.slice(from, from + perCommit)) {
      worker.step(record)
      read += record.value!.byteLength
    }
    for (const { value } of worker.changed()) written += Buffer.byteLength(value ?? '')
  }
  const { user, system } = process.cpuUsage(before)
  return { cpuMicros: (user + system) / (rounds * samplesPerRound), writtenPerRead: written / read }
}

function rowsOf(what: string, { cpuMicros, writtenPerRead }: Worked): Row[] {
  return [
    { name: `CPU of the worker alone, ${what}`, value: rounded(cpuMicros), unit: 'us/sample' },
    { name: `state written a byte of input, ${what}`, value: rounded(writtenPerRead), unit: 'bytes' },
  ]
}

async function backtested(records: readonly InRecord[]): Promise<Row> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const path = join(dir, 'telemetry.jsonl')
    writeFileSync(path, records.map(({ value }) => `${value}\n`).join(''))
    const before = process.cpuUsage()
    const { tally } = await runBacktest({
      plant,
      threads: 1,
      period: { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
      warmUpMs: 0,
      topics: ['signals', 'alarm-events'],
      outDir: join(dir, 'out'),
      history: { kind: 'files', files: [{ path, options: {} }] },
    })
    const { user, system } = process.cpuUsage(before)
    const value = rounded((user + system) / tally.samples)
    const goal = 2 // a million samples/s on two cores
    return { name: 'CPU of a backtest from a file', value, unit: 'us/sample', goal, met: value <= goal }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3))
