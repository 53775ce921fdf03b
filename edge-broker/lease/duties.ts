/** What a server that can be seen holds, and what it cannot read. */
export type Holding = ReadonlyMap<
  string,
  { readonly held: ReadonlySet<string>; readonly failed: ReadonlySet<string> }
>

export type Duties = { readonly take: readonly string[]; readonly give: readonly string[] }

/**
 * Who reads what, found by every server alone from what all say of themselves: a source nobody holds goes to who has
 * least, and who has at least two more than another gives one away. A source moves for no other reason. That two see
 * the others differently for a moment is settled by the claim: the later one fences the earlier.
 */
export function dutiesOf(me: string, sources: readonly string[], holding: Holding): Duties {
  const loads = new Map([...holding].map(([server, { held }]) => [server, held.size]))
  const held = new Set([...holding.values()].flatMap(of => [...of.held]))
  const take: string[] = []
  for (const source of [...sources].sort()) {
    if (held.has(source)) continue
    const able = new Map([...loads].filter(([server]) => !holding.get(server)!.failed.has(source)))
    const [server] = leastLoaded(able.size > 0 ? able : loads)
    if (server === me) take.push(source)
    loads.set(server, loads.get(server)! + 1)
  }
  return { take, give: surplus(me, loads, holding) }
}

function surplus(me: string, loads: ReadonlyMap<string, number>, holding: Holding): string[] {
  const [poorest, least] = leastLoaded(loads)
  if (poorest === me || (loads.get(me) ?? 0) - least < 2) return []
  const theirs = holding.get(poorest)!.failed
  return [...(holding.get(me)?.held ?? [])]
    .filter(source => !theirs.has(source))
    .sort()
    .slice(-1)
}

function leastLoaded(loads: ReadonlyMap<string, number>): [string, number] {
  return [...loads].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))[0]!
}
