import type { LedgerEntry } from '../model/index.ts'
import { lossesOf, sourceStatus } from './losses.ts'
import type { ReplicatorEntry } from './payload.ts'
import type { BoardAsset } from './plant.ts'
import type { Losses, MachineState, ReplicationStatus, SourceStatus } from './status.ts'
import { duration, iso } from './time.ts'

/** After so long without a ledger entry nobody can say how a source is. */
const staleAfterMs = 15_000

type AssetState = {
  state: MachineState
  reason?: string
  badTags: { tag: string; reason: string }[]
  samplesPerSecond: number
  connector?: string
  server?: string
}

/** The latest ledger entry of every source and server, and of the replicator. `now` is ms UTC throughout. */
export class SourceTable {
  readonly #entries = new Map<string, LedgerEntry>()
  /** The present owner's entry of each source. */
  #owners: ReadonlyMap<string, LedgerEntry> = new Map()
  #replicator: { entry: ReplicatorEntry; atMs: number } | undefined

  apply(entry: LedgerEntry): void {
    const key = keyOf(entry)
    const known = this.#entries.get(key)
    if (known && entry.at < known.at) return
    this.#entries.set(key, entry)
    this.#owners = ownersOf(this.#entries.values())
  }

  /** @param key of the ledger */
  remove(key: string): void {
    this.#entries.delete(key)
    this.#owners = ownersOf(this.#entries.values())
  }

  applyReplicator(entry: ReplicatorEntry, atMs: number): void {
    this.#replicator = { entry, atMs }
  }

  stateOf(asset: BoardAsset, now: number): AssetState {
    const entry = this.#owners.get(asset.source)
    if (!entry) return unheard(asset.source)
    const badTags = entry.badTags
      .filter(bad => bad.asset === asset.id)
      .map(({ tag, reason }) => ({ tag, reason }))
    const { connector, server } = entry
    const by = server === undefined ? {} : { server }
    if (isStale(entry, now)) return { ...silent(entry, now), badTags, connector, ...by, samplesPerSecond: 0 }
    return {
      ...ownState(entry, badTags.length > 0),
      badTags,
      connector,
      ...by,
      samplesPerSecond: entry.samplesPerSecond,
    }
  }

  samplesPerSecond(now: number): number {
    const rates = [...this.#owners.values()].filter(entry => !isStale(entry, now))
    return rates.reduce((sum, entry) => sum + entry.samplesPerSecond, 0)
  }

  losses(): Losses {
    return lossesOf([...this.#entries.values()])
  }

  /** In the order of their names; the counts are the sums over the servers. */
  sources(): SourceStatus[] {
    const all = [...this.#entries.values()]
    return [...this.#owners.values()]
      .map(owner =>
        sourceStatus(
          owner,
          all.filter(({ source }) => source === owner.source),
        ),
      )
      .sort((a, b) => (a.source < b.source ? -1 : 1))
  }

  replication(now: number): ReplicationStatus {
    if (!this.#replicator) {
      return { records: null, lagSeconds: null, reason: 'The replicator has not reported yet' }
    }
    const { entry, atMs } = this.#replicator
    const age = now - atMs
    const status = { records: entry.records, lagSeconds: entry.lagSeconds, at: iso(atMs * 1000) }
    if (age > staleAfterMs) {
      return { ...status, lagSeconds: null, reason: `The replicator has been silent for ${duration(age)}` }
    }
    return entry.reason ? { ...status, reason: entry.reason } : status
  }
}

/** Versions before servers were told apart have written entries without one. */
const keyOf = ({ source, server }: LedgerEntry): string =>
  server === undefined ? source : `${source}/${server}`

function ownersOf(entries: Iterable<LedgerEntry>): Map<string, LedgerEntry> {
  const owners = new Map<string, LedgerEntry>()
  for (const entry of entries) {
    const other = owners.get(entry.source)
    if (!other || isLater(entry, other)) owners.set(entry.source, entry)
  }
  return owners
}

function isLater(a: LedgerEntry, b: LedgerEntry): boolean {
  const [x, y] = [a.term ?? 0, b.term ?? 0]
  return x > y || (x === y && a.at > b.at)
}

/** A stopped source has said its last word: its silence is no news. */
function isStale(entry: LedgerEntry, now: number): boolean {
  return entry.state !== 'stopped' && now - entry.at / 1000 > staleAfterMs
}

function unheard(source: string): AssetState {
  const reason = `Source "${source}" has not reported yet; is a connectors service running?`
  return { state: 'unknown', reason, badTags: [], samplesPerSecond: 0 }
}

function silent(entry: LedgerEntry, now: number): { state: MachineState; reason: string } {
  const age = duration(now - entry.at / 1000)
  const before = entry.reason ? `${entry.state} (${entry.reason})` : entry.state
  return {
    state: 'unknown',
    reason: `Its connector has been silent for ${age}; before that it was ${before}`,
  }
}

/** A source is degraded by any of its tags; an asset only by its own. */
function ownState(entry: LedgerEntry, hasBadTags: boolean): { state: MachineState; reason?: string } {
  if (entry.state === 'degraded' && !hasBadTags && entry.badTags.length > 0) return { state: 'connected' }
  return entry.reason ? { state: entry.state, reason: entry.reason } : { state: entry.state }
}
