import { setTimeout as sleep } from 'node:timers/promises'
import { coded, MillraceError } from '../model/index.ts'
import type { Account } from './account.ts'
import type { DiskBuffer } from './buffer/buffer.ts'
import type { Connector, Emit } from './contract.ts'
import { storingEmit } from './storing.ts'

export type SessionOptions = {
  /** A new connector for each session, told what the last one left to resume from. */
  readonly open: (resume: string | undefined) => Connector
  readonly account: Account
  readonly buffer: DiskBuffer
  readonly signal: AbortSignal
  /** Whether what arrives now may be kept; what may not is not acknowledged to the device. Left out: always. */
  readonly mayKeep?: () => boolean
  readonly backoff?: Backoff
  /** `ConnectorKind.refuses` */
  readonly refuses?: boolean
  /** Told that another session with the device has what this one was given. */
  readonly onDisplaced?: () => void
  /** Told of what fails beside a session: a connector that could not be closed. */
  readonly onTrouble: (error: MillraceError) => void
}

export type Backoff = {
  readonly firstMs: number
  readonly maxMs: number
  /** A permanent error needs a person, whose mending must show without a restart: tried again this often. */
  readonly permanentMs: number
}

const defaultBackoff: Backoff = { firstMs: 500, maxMs: 15_000, permanentMs: 20_000 }

/** How long to wait before attempt `n` (from 0): doubling up to the limit, with full jitter of the upper half. */
export function backoffMs(attempt: number, { firstMs, maxMs }: Backoff, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(attempt, 20), maxMs)
  return ceiling / 2 + (ceiling / 2) * random()
}

/**
 * Keeps one source connected until aborted: the one owner of reconnecting. What a connector emits is on disk before
 * emit resolves; from there on it is the drain's.
 */
export async function keepConnected(options: SessionOptions): Promise<void> {
  const { account, signal, backoff = defaultBackoff } = options
  let attempt = 0
  while (!signal.aborted) {
    const connectedAt = await session(options)
    if (signal.aborted) break
    const { error, wasUp } = connectedAt
    attempt = wasUp ? 0 : attempt + 1
    if (error.code === 'fenced') options.onDisplaced?.()
    account.state('disconnected', error)
    const ms = error.transient ? backoffMs(attempt, backoff, Math.random) : backoff.permanentMs
    await sleep(ms, undefined, { signal }).catch(() => {})
  }
  account.state('stopped')
}

/** One session from connect to its end; tells why it ended and whether it had been up. */
async function session(options: SessionOptions): Promise<{ error: MillraceError; wasUp: boolean }> {
  const { open, account, buffer, signal, onTrouble, refuses, mayKeep = () => true } = options
  const ended = new AbortController()
  const store = storingEmit(account, buffer, AbortSignal.any([signal, ended.signal]), refuses)
  const emit: Emit = async (samples, resume) => {
    if (!mayKeep()) throw leaseOver()
    await store(samples, resume)
  }
  let connector: Connector | undefined
  let wasUp = false
  try {
    account.state('connecting')
    connector = open(buffer.resume())
    await connector.connect(signal)
    wasUp = true
    account.state('connected')
    await connector.run(emit, signal)
    return { error: new MillraceError('session-lost', 'the session ended', { transient: true }), wasUp }
  } catch (thrown) {
    return { error: coded(thrown, 'internal', 'the connector failed', { transient: true }), wasUp }
  } finally {
    ended.abort()
    account.blocked(undefined)
    await connector?.close().catch(thrown => onTrouble(unclosed(thrown)))
  }
}

function leaseOver(): MillraceError {
  return new MillraceError('session-lost', 'another server may be reading this source by now', {
    transient: true,
    hint: 'This one has lost touch with Kafka, and goes on when it is back',
  })
}

function unclosed(thrown: unknown): MillraceError {
  const { code, transient, explanation } = coded(thrown, 'internal', 'closing failed')
  return new MillraceError(code, `the connector is not closed: ${explanation}`, {
    transient,
    cause: thrown,
    hint: 'The device may hold its session until that times out',
  })
}
