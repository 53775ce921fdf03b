import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceSpec } from '../../config/plant.ts'
import { type Account, openAccount, unopened } from '../../connectors/account.ts'
import { type BufferOptions, type DiskBuffer, openBuffer } from '../../connectors/buffer/buffer.ts'
import { connectors } from '../../connectors/index.ts'
import { keepCounts } from '../../connectors/keep-counts.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import type { Backlog } from '../../edge-broker/task/drain.ts'
import { coded, type LedgerEntry, lineOf, type MillraceError } from '../../model/index.ts'
import { backlogOf } from '../backlog.ts'
import { sourceDir } from '../layout.ts'
import type { ServiceContext } from '../service.ts'
import { publishLedger } from '../services/ledger.ts'
import { notesOf } from './notes.ts'
import type { Seat } from './seat.ts'

/** What this server keeps of a source: what it has read, and what it has counted. */
export type Books = { readonly account: Account; readonly buffer: DiskBuffer; readonly stateDir: string }

export const failureOf = ({ name }: SourceSpec, thrown: unknown): MillraceError =>
  coded(thrown, 'internal', `reading ${name} failed`)

export const troubleOf =
  ({ log, metrics }: Pick<ServiceContext, 'log' | 'metrics'>, { name }: SourceSpec) =>
  ({ code, explanation }: MillraceError) => {
    metrics.failed({ code })
    log.warn({ source: name, code }, explanation)
  }

export const backlogFor = ({ context, spec }: Pick<Seat, 'context' | 'spec'>, buffer: DiskBuffer): Backlog =>
  backlogOf(buffer, spec.name, context.plant.partitions, {
    catchUpBytesPerS: spec.buffer.catchUpKiBPerS * 1024,
  })

/** In which partitions rows of the source may be. */
export function partitionsOf({ context, spec }: Pick<Seat, 'context' | 'spec'>): number[] {
  const { partitions } = context.plant
  // Assets that the connector finds by itself may be of any line.
  if (connectors[spec.connector]?.discovers) return Array.from({ length: partitions }, (_, i) => i)
  return [...new Set(spec.assets.map(asset => partitionOf(lineOf(asset), partitions)))]
}

/** Where rows of the source are looked for after brokers have lost some; `besides`: other ids of tasks that sent some. */
export function recallFor(
  { context, kafka, spec }: Pick<Seat, 'context' | 'kafka' | 'spec'>,
  besides: readonly string[] = [],
) {
  const partitions = partitionsOf({ context, spec }).flatMap(partition =>
    ['telemetry', 'waveforms'].map(topic => ({ topic, partition })),
  )
  return partitions.length > 0 ? { recall: { kafka, partitions, besides } } : {}
}

/** Works on the source's disk buffer while the ledger tells how it goes, a buffer that cannot be opened included. */
export async function withBooks(
  context: ServiceContext,
  kafka: Kafka,
  spec: SourceSpec,
  work: (books: Books) => Promise<void>,
): Promise<void> {
  const identity = { source: spec.name, connector: spec.connector, assets: spec.assets }
  const stateDir = sourceDir(context.stateDir, spec.name)
  let account = openAccount(identity, undefined)
  let buffer: DiskBuffer | undefined
  let ledger = Promise.resolve()
  let keepLast = () => {}
  const ended = new AbortController()
  const told = () => account.entry(buffer ?? unopened, Date.now())
  const entry = (): LedgerEntry | undefined => {
    const term = buffer ? notesOf(buffer).term : 0
    if (buffer && term === 0) return undefined // has never had it, and has nothing to tell
    return { ...told(), server: context.server.name, term }
  }
  context.metrics.source(spec.name, told)
  const publish = () =>
    publishLedger(
      { kafka, entry, onChange: account.onChange, onTrouble: troubleOf(context, spec) },
      ended.signal,
    )
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    buffer = openBuffer(bufferOptions(spec, stateDir))
    account = openAccount(identity, buffer.account())
    keepLast = keepCounts(account, buffer, troubleOf(context, spec))
    ledger = publish()
    await work({ account, buffer, stateDir })
  } catch (thrown) {
    account.state('disconnected', failureOf(spec, thrown))
    if (!buffer) ledger = publish()
    throw thrown
  } finally {
    keepLast()
    ended.abort()
    await ledger
    buffer?.close()
  }
}

function bufferOptions({ buffer }: SourceSpec, stateDir: string): BufferOptions {
  const { maxMiB, minFreeMiB, whenFull } = buffer
  return {
    path: join(stateDir, 'buffer.db'),
    maxBytes: maxMiB * 2 ** 20,
    minFreeBytes: minFreeMiB * 2 ** 20,
    whenFull,
  }
}
