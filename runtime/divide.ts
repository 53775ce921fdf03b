import { dutiesOf, type Holding } from '../edge-broker/lease/duties.ts'
import type { Presence } from '../edge-broker/lease/presence.ts'

/** One piece of work that only one server is to do at a time. */
export type Share = {
  readonly name: string
  /** Set by who divides, taken back by whoever finds that another has it. */
  wanted: boolean
}

export type DivideOptions = {
  readonly me: string
  readonly presence: Presence
  /** Asked again at every news. */
  readonly shares: () => readonly Share[]
  /** A server that has more than another gives one away only while all have seen each other for so long, ms. */
  readonly settledMs: number
  readonly signal: AbortSignal
}

/** Decides again at every news which shares this server takes, and which it gives away: one at a time. */
export async function divide({ me, presence, shares, settledMs, signal }: DivideOptions): Promise<void> {
  let same = { servers: '', since: 0 }
  for (; !signal.aborted; await presence.change(signal, 1_000)) {
    if (!presence.isKnown()) continue
    const holding = presence.holding()
    const servers = [...holding.keys()].sort().join()
    if (servers !== same.servers) same = { servers, since: performance.now() }
    const all = shares()
    const { take, give } = dutiesOf(
      me,
      all.map(({ name }) => name),
      holding,
    )
    want(all, take, true, presence)
    const isDealt = all.every(({ name }) => isSpokenFor(name, holding))
    if (give.length === 0 || !isDealt || performance.now() - same.since < settledMs) continue
    want(all, give, false, presence)
    same = { servers, since: performance.now() }
  }
}

/** Whether one has it, or has found that it cannot: what nobody speaks for is on its way to somebody. */
function isSpokenFor(name: string, holding: Holding): boolean {
  return [...holding.values()].some(({ held, failed }) => held.has(name) || failed.has(name))
}

function want(shares: readonly Share[], names: readonly string[], wanted: boolean, presence: Presence): void {
  const changed = shares.filter(share => names.includes(share.name) && share.wanted !== wanted)
  for (const share of changed) share.wanted = wanted
  if (changed.length > 0) presence.ring()
}

/** Aborts when the share is not wanted any more, or the service stops. */
export function leaving(
  share: Pick<Share, 'wanted'>,
  presence: Presence,
  signal: AbortSignal,
): { signal: AbortSignal; done(): void } {
  const left = new AbortController()
  const done = new AbortController()
  const either = AbortSignal.any([signal, done.signal])
  const watch = async () => {
    while (share.wanted && !either.aborted) await presence.change(either, 1_000)
    if (!share.wanted) left.abort()
  }
  void watch()
  return { signal: AbortSignal.any([signal, left.signal]), done: () => done.abort() }
}
