import type { LedgerEntry, MillraceError, Sample, Tag } from '../model/index.ts'
import { qualityOf } from '../model/index.ts'
import type { DiskBuffer } from './buffer/buffer.ts'
import type { Report } from './contract.ts'
import { countsFrom, toldCounts, withLoss } from './counts.ts'

type Identity = { readonly source: string; readonly connector: string; readonly assets: readonly string[] }
type Buffered = Pick<
  DiskBuffer,
  'epoch' | 'lastSeq' | 'acknowledgedSeq' | 'waiting' | 'waitingBytes' | 'maxBytes' | 'dropped'
>

/** Counts on their way to the disk, to be told `kept()` once they are there. */
type Storing = { readonly json: string; kept(): void }

/**
 * The running account of one source: what its ledger entry says. The counts are stored by the disk buffer in the
 * transaction that stores the samples they count, so that they survive a kill and agree with it to the sample.
 */
export type Account = {
  readonly report: Report
  /** Called before the samples are stored; returns what to store with them. */
  counting(samples: readonly Sample[]): Storing
  /** So many samples were read by another server as well, and sent by it. */
  superseding(samples: number): Storing
  /** Counts that changed without a sample and are not on disk yet, if any; `onCount` tells when there are. */
  unstored(): Storing | undefined
  onCount(listener: () => void): void
  /** Samples were given up while the disk buffer took nothing. Whether the device gives them again, nobody knows. */
  givenUp(): void
  /** Why nothing can be stored now; undefined once it can be again. */
  blocked(reason: MillraceError | undefined): void
  state(state: LedgerEntry['state'], reason?: MillraceError): void
  /** Called whenever something other than a count of samples changes. */
  onChange(listener: () => void): void
  entry(buffered: Buffered, atMs: number): LedgerEntry
}

export function openAccount(identity: Identity, stored: string | undefined): Account {
  let counts = countsFrom(stored)
  let storedCounts = counts
  let state: LedgerEntry['state'] = 'connecting'
  let reason: MillraceError | undefined
  let clock: LedgerEntry['clock']
  let blockedBy: MillraceError | undefined
  let changed = () => {}
  let counted = () => {}
  const badTags = new Map<Tag, MillraceError>()
  const revised = new Map<Tag, { requestedMs: number; revisedMs: number }>()
  const rate = rateOf(() => counts.received)

  const lost = (...loss: [Parameters<typeof withLoss>[1], number | 'unknown']) => {
    counts = withLoss(counts, ...loss)
    counted()
    changed()
  }

  const report: Report = {
    tag(tag, problem) {
      if (badTags.get(tag)?.explanation === problem?.explanation) return
      if (problem) badTags.set(tag, problem)
      else badTags.delete(tag)
      changed()
    },
    lost: (_tag, cause, count) => lost(cause, count),
    expected(count) {
      counts = { ...counts, expected: counts.expected === 'unknown' ? count : counts.expected + count }
      counted()
    },
    revised(tag, requestedMs, revisedMs) {
      revised.set(tag, { requestedMs, revisedMs })
      changed()
    },
    clock(offset) {
      clock = { ...offset }
      changed()
    },
  }

  const storingCounts = (next: typeof counts, kept = () => {}): Storing => ({
    json: JSON.stringify(next),
    kept() {
      counts = next
      storedCounts = next
      kept()
    },
  })
  const storing = (samples: readonly Sample[]): Storing => {
    const bad = samples.filter(sample => qualityOf(sample.status) === 'bad').length
    return storingCounts({ ...counts, received: counts.received + samples.length, bad: counts.bad + bad })
  }

  return {
    report,
    counting: storing,
    unstored() {
      if (counts === storedCounts) return undefined
      const { kept } = storing([])
      // Should the process die now, nobody knows whether the device gives again what waits to be stored.
      const lasting = blockedBy ? withLoss(counts, 'bufferFull', 'unknown') : counts
      return { json: JSON.stringify(lasting), kept }
    },
    superseding: samples => storingCounts({ ...counts, superseded: counts.superseded + samples }, changed),
    onCount(listener) {
      counted = listener
    },
    givenUp: () => lost('bufferFull', 'unknown'),
    blocked(why) {
      if (why?.explanation === blockedBy?.explanation) return
      blockedBy = why
      changed()
    },
    state(next, why) {
      if (next === state && why?.explanation === reason?.explanation) return
      state = next
      reason = why
      if (next !== 'connected') revised.clear()
      changed()
    },
    onChange(listener) {
      changed = listener
    },
    entry(buffer, atMs) {
      const bad = Array.from(badTags, ([tag, why]) => ({
        asset: tag.asset,
        tag: tag.name,
        reason: why.explanation,
      }))
      const why = state === 'connected' ? (blockedBy?.explanation ?? badTagsText(bad)) : reason?.explanation
      return {
        v: 1,
        ...identity,
        assets: [...identity.assets],
        at: atMs * 1000,
        state: state === 'connected' && why !== undefined ? 'degraded' : state,
        ...(why !== undefined && { reason: why }),
        badTags: bad,
        epoch: buffer.epoch,
        seq: buffer.lastSeq,
        position: buffer.acknowledgedSeq,
        samplesPerSecond: rate(atMs),
        ...toldCounts(counts, buffer.dropped),
        revised: Array.from(revised, ([tag, ms]) => ({ asset: tag.asset, tag: tag.name, ...ms })),
        ...(clock && { clock }),
        buffered: buffer.waiting,
        bufferedBytes: buffer.waitingBytes,
        bufferBytes: buffer.maxBytes,
      }
    },
  }
}

/** A buffer that could not be opened. */
export const unopened: Buffered = {
  epoch: 0,
  lastSeq: 0,
  acknowledgedSeq: 0,
  waiting: 0,
  waitingBytes: 0,
  maxBytes: 0,
  dropped: [],
}

function badTagsText(bad: LedgerEntry['badTags']): string | undefined {
  const first = bad[0]
  return first && `${bad.length} bad tag${bad.length > 1 ? 's' : ''}: ${first.reason}`
}

/** A second between two looks, to a tenth. */
function rateOf(count: () => number): (atMs: number) => number {
  let last = { at: 0, count: count() }
  return atMs => {
    const seconds = (atMs - last.at) / 1000
    const perSecond = last.at === 0 || seconds <= 0 ? 0 : (count() - last.count) / seconds
    last = { at: atMs, count: count() }
    return Math.round(perSecond * 10) / 10
  }
}
