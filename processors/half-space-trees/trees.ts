/**
 * Half-space trees (Tan, Ting and Liu, "Fast anomaly detection for streaming data", IJCAI 2011): random halvings of
 * the space of several tags, and how many rows of the last window fell into each half. Where few fell, a row is strange.
 */
export const treeCount = 10
const depth = 5
export const nodeCount = 2 ** (depth + 1) - 1
const innerCount = 2 ** depth - 1

/** Nodes in the order of a heap; of the inner ones the tag that is halved, and where, in [0, 1] over the learned range. */
export type Tree = { readonly tag: readonly number[]; readonly at: readonly number[] }

/** The same trees for the same number of tags, always: they are no part of the state. */
export function treesFor(tags: number): Tree[] {
  const uniform = linear(tags)
  return Array.from({ length: treeCount }, () => treeOf(tags, uniform))
}

function treeOf(tags: number, uniform: () => number): Tree {
  const tag: number[] = []
  const at: number[] = []
  // A range of its own for each tree and tag, wider than the learned one: around a random point of that.
  const low: number[][] = [[]]
  const high: number[][] = [[]]
  for (let i = 0; i < tags; i++) {
    const middle = uniform()
    const reach = 2 * Math.max(middle, 1 - middle)
    low[0]!.push(middle - reach)
    high[0]!.push(middle + reach)
  }
  for (let node = 0; node < innerCount; node++) {
    const halved = Math.floor(uniform() * tags)
    const half = (low[node]![halved]! + high[node]![halved]!) / 2
    tag.push(halved)
    at.push(half)
    low[2 * node + 1] = low[node]!
    high[2 * node + 1] = high[node]!.with(halved, half)
    low[2 * node + 2] = low[node]!.with(halved, half)
    high[2 * node + 2] = high[node]!
  }
  return { tag, at }
}

/** Calls `visit` with the nodes from the root to the leaf, until it says that that is enough. */
export function descend(
  { tag, at }: Tree,
  row: readonly number[],
  visit: (node: number, level: number) => boolean,
): void {
  let node = 0
  for (let level = 0; level <= depth; level++) {
    if (visit(node, level) || node >= innerCount) return
    node = 2 * node + (row[tag[node]!]! < at[node]! ? 1 : 2)
  }
}

/** Numbers in [0, 1) that depend on the seed alone (Lehmer's generator, 48271 mod 2^31 - 1). */
function linear(seed: number): () => number {
  let state = seed * 7_919 + 12_345
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
