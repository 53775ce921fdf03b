/** The changelog of a partition as it was before the brokers lost the end of their logs: pure, so that it can be tested. */

export type Entry = {
  readonly offset: bigint
  /** ms UTC */
  readonly timestamp: number
  readonly key: string
  readonly value: string | null
}

/** The last entry of every transaction, which says to which place in the input the state before it belongs. */
export const placeKey = 'place@shell'

/**
 * `positions`: next offset by input topic, as decimal strings. `oldest`: the lowest timestamp among the outputs, ms UTC.
 * `voidAfter`: of one that went back, the last entry that it kept; places from there up to it name an input that is gone.
 */
export type Place = {
  readonly positions: Readonly<Record<string, string>>
  readonly oldest?: number
  readonly voidAfter?: string
}

export type Before = {
  /** Where the input goes on; empty: from its beginning. */
  readonly positions: Place['positions']
  /** What makes the state what it was: null where there was no entry. */
  readonly entries: readonly { readonly key: string; readonly value: string | null }[]
  /** The last entry of the changelog that counts, or -1. */
  readonly through: bigint
  /** Outputs of what is processed again are no older than this, ms UTC. */
  readonly oldest: number
}

/** As it was `byMs` before its last transaction, or as near to that as compaction has left it. */
export function cutBack(log: readonly Entry[], byMs: number): Before {
  const places = log.filter(({ key }) => key === placeKey)
  const voids = places.flatMap(({ offset, value }) => {
    const { voidAfter } = placeOf(value)
    return voidAfter === undefined ? [] : { from: BigInt(voidAfter), to: offset }
  })
  const valid = places.filter(({ offset }) => !voids.some(({ from, to }) => offset > from && offset < to))
  const last = places.at(-1)?.timestamp ?? 0
  const isWhole = log[0]?.offset === 0n
  const kept = valid.findLast(({ timestamp }) => timestamp <= last - byMs) ?? (isWhole ? undefined : valid[0])
  const through = kept?.offset ?? -1n
  const before = new Map<string, string | null>()
  const changed = new Set<string>()
  for (const { offset, key, value } of log) {
    if (key === placeKey) continue
    if (offset <= through) before.set(key, value)
    else changed.add(key)
  }
  const again = places
    .filter(({ offset }) => offset > through)
    .map(({ value }) => placeOf(value).oldest ?? last)
  return {
    positions: kept ? placeOf(kept.value).positions : {},
    entries: Array.from(changed, key => ({ key, value: before.get(key) ?? null })),
    through,
    oldest: Math.min(last - byMs, ...again),
  }
}

/** In the shape of the workers' own entries, which they pass over. */
export const placeText = (state: Place): string => JSON.stringify({ v: 1, state })

function placeOf(text: string | null): Place {
  return (JSON.parse(text ?? '{"state":{"positions":{}}}') as { state: Place }).state
}
