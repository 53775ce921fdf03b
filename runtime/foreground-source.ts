/** One source that a command runs itself, by the same path as the connectors service: disk buffer, ledger, Kafka. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, openAccount } from '../connectors/account.ts'
import { type DiskBuffer, openBuffer } from '../connectors/buffer/buffer.ts'
import type { Connector, ConnectorKind, Emit } from '../connectors/contract.ts'
import { keepCounts } from '../connectors/keep-counts.ts'
import { keepConnected } from '../connectors/session.ts'
import type { Kafka } from '../edge-broker/kafka.ts'
import { alone } from '../edge-broker/lease/claim.ts'
import { type Owned, own } from '../edge-broker/lease/own.ts'
import { type Backlog, drain } from '../edge-broker/task/drain.ts'
import { aborted, coded, type MillraceError, untilOneFails } from '../model/index.ts'
import { backlogOf } from './backlog.ts'
import { persistently } from './persistently.ts'
import { publishLedger } from './services/ledger.ts'

export type ForegroundSource = {
  readonly kind: ConnectorKind
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
  /** Assets it serves, as far as they are known. */
  readonly assets: readonly string[]
  readonly stateDir: string
  /** Names the disk that the buffer is on. */
  readonly server: string
  readonly partitions: number
  readonly kafka: Kafka
  /** Whether the connector is through, by what it leaves to resume from. */
  readonly isDone: (resume: string | undefined) => boolean
  readonly signal: AbortSignal
  readonly onTrouble: (error: MillraceError) => void
}

export type Counted = { readonly epoch: number; readonly seq: number; readonly samples: number }

/**
 * Runs until the connector is through and Kafka has all of it, or until aborted.
 * @param onCount is told, about twice a second, the samples taken so far
 * @throws MillraceError what ends the connector for good; `fenced` when the same source runs elsewhere
 */
export async function runForeground(
  source: ForegroundSource,
  onCount: (samples: number, waiting: number) => void,
): Promise<Counted> {
  mkdirSync(source.stateDir, { recursive: true, mode: 0o700 })
  const buffer = openBuffer({ path: join(source.stateDir, 'buffer.db') })
  const account = openAccount(
    { source: source.name, connector: source.kind.kind, assets: source.assets },
    buffer.account(),
  )
  const keepLast = keepCounts(account, buffer, source.onTrouble)
  const received = () => account.entry(buffer, Date.now()).received
  const before = received()
  const counting = setInterval(() => onCount(received() - before, buffer.waiting), 500)
  const ended = new AbortController()
  const ledger = publishLedger(
    {
      kafka: source.kafka,
      entry: () => ({ ...account.entry(buffer, Date.now()), server: source.server }),
      onChange: account.onChange,
      onTrouble: source.onTrouble,
    },
    ended.signal,
  )
  try {
    await untilThrough(source, account, buffer)
    return { epoch: buffer.epoch, seq: buffer.lastSeq, samples: received() - before }
  } finally {
    clearInterval(counting)
    account.state('stopped')
    keepLast()
    ended.abort()
    await ledger
    buffer.close()
  }
}

async function untilThrough(source: ForegroundSource, account: Account, buffer: DiskBuffer): Promise<void> {
  const { kind, name, options, stateDir, partitions, onTrouble } = source
  const through = new AbortController()
  const failed = Promise.withResolvers<never>()
  let isDone = false
  const look = () => {
    if (isDone && buffer.waiting === 0) through.abort()
  }
  const watch: Watch = {
    failed: failed.reject,
    emitted(resume) {
      isDone ||= source.isDone(resume)
      look()
    },
  }
  const open = (resume: string | undefined) => {
    const given = { name, options, tags: [], stateDir, ...(resume !== undefined && { resume }) }
    // The options have passed this kind's schema; its type parameters are not known here.
    return watched(kind.open(given as never, account.report), watch)
  }
  const backlog = acknowledging(backlogOf(buffer, name, partitions), look)
  const signal = AbortSignal.any([source.signal, through.signal])
  await untilOneFails(signal, ending => [
    keepConnected({ open, account, buffer, signal: ending, onTrouble }),
    claimAndDrain(source, backlog, ending),
    Promise.race([failed.promise, aborted(ending)]),
  ])
}

/** Nobody else runs a source of a command: whoever did is fenced. */
async function claimAndDrain(source: ForegroundSource, backlog: Backlog, signal: AbortSignal): Promise<void> {
  const { kafka, name, server, onTrouble } = source
  const failure = (thrown: unknown) =>
    coded(thrown, 'internal', `draining ${name} failed`, { transient: true })
  let owned: Owned | undefined
  try {
    await persistently({ failure, onTrouble }, signal, async () => {
      owned = await own({ ...alone(server), kafka, source: name, backlog, signal, onBehind() {} })
      const { task, beside } = owned
      await drain({ task, source: name, server, backlog, last: signal, signal, onTrouble, beside })
    })
  } finally {
    await owned?.task.close().catch(() => {})
  }
}

type Watch = {
  emitted(resume: string | undefined): void
  failed(error: MillraceError): void
}

/** A permanent error ends a command, where a service would wait for a person. */
function watched(connector: Connector, { emitted, failed }: Watch): Connector {
  const telling = async (work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (thrown) {
      const error = coded(thrown, 'internal', 'the connector failed', { transient: true })
      if (!error.transient) failed(error)
      throw error
    }
  }
  const wrapped = (emit: Emit): Emit => {
    return async (samples, resume) => {
      await emit(samples, resume)
      emitted(resume)
    }
  }
  return {
    connect: signal => telling(connector.connect(signal)),
    run: (emit, signal) => telling(connector.run(wrapped(emit), signal)),
    close: () => connector.close(),
  }
}

/** The same backlog, telling of every acknowledgement. */
function acknowledging(backlog: Backlog, onAcknowledged: () => void): Backlog {
  const acknowledge = (seq: number) => {
    backlog.acknowledge(seq)
    onAcknowledged()
  }
  return Object.create(backlog, { acknowledge: { value: acknowledge } }) as Backlog
}
