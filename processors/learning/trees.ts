import type { Trees } from '../../model/index.ts'
import { type Binned, binned } from './bins.ts'
import type { Matrix } from './matrix.ts'
import { seededRandom } from './random.ts'

export type TreeOptions = {
  readonly trees: number
  readonly depth: number
  readonly rate: number
  /** Shares of rows and of features that each tree sees. */
  readonly rows: number
  readonly columns: number
  /** A leaf has no fewer rows. */
  readonly leaf: number
  readonly seed: number
}

export const treeDefaults: TreeOptions = {
  trees: 120,
  depth: 4,
  rate: 0.07,
  rows: 0.5,
  columns: 0.5,
  leaf: 40,
  seed: 1,
}

type Tree = Trees['trees'][number]

export function predictTrees({ base, trees }: Trees, features: ArrayLike<number>): number {
  let sum = base
  for (const tree of trees) sum += tree.value[leafOf(tree, features)]!
  return sum
}

function leafOf(tree: Tree, features: ArrayLike<number>): number {
  let node = 0
  while (tree.feature[node]! >= 0) {
    node = features[tree.feature[node]!]! <= tree.threshold[node]! ? tree.left[node]! : tree.right[node]!
  }
  return node
}

/** Gradient boosting on squared error with histograms (Friedman 2002; Ke et al. 2017), level by level. */
export function fitTrees(features: Matrix, targets: Float64Array, given: Partial<TreeOptions> = {}): Trees {
  const options = { ...treeDefaults, ...given }
  const random = seededRandom(options.seed)
  const bins = binned(features)
  const base = targets.reduce((sum, target) => sum + target, 0) / targets.length
  const residuals = targets.map(target => target - base)
  const trees: Tree[] = []
  for (let i = 0; i < options.trees; i++) {
    const rows = sample(features.rows, options.rows, random)
    const columns = sample(features.columns, options.columns, random)
    const tree = grow(bins, residuals, rows, columns, options)
    subtract(residuals, tree, bins)
    trees.push(unbinned(tree, bins))
  }
  return { kind: 'trees', base, trees }
}

function sample(count: number, share: number, random: () => number): Int32Array {
  const picked = new Int32Array(count)
  let size = 0
  for (let i = 0; i < count; i++) if (random() < share) picked[size++] = i
  return size > 0 ? picked.subarray(0, size) : Int32Array.of(Math.floor(random() * count))
}

/** Thresholds are bins while a tree grows. */
function grow(
  bins: Binned,
  residuals: Float64Array,
  rows: Int32Array,
  columns: Int32Array,
  options: TreeOptions,
): Tree {
  const tree: Tree = { feature: [], threshold: [], left: [], right: [], value: [] }
  const add = (members: Int32Array, depth: number): number => {
    const node = tree.feature.length
    const split = depth < options.depth ? bestSplit(bins, residuals, members, columns, options.leaf) : null
    tree.feature.push(split?.feature ?? -1)
    tree.threshold.push(split?.bin ?? 0)
    tree.left.push(0)
    tree.right.push(0)
    tree.value.push(split ? 0 : options.rate * meanOf(residuals, members))
    if (split) {
      const [left, right] = divided(bins.codes[split.feature]!, split.bin, members)
      tree.left[node] = add(left, depth + 1)
      tree.right[node] = add(right, depth + 1)
    }
    return node
  }
  add(rows, 0)
  return tree
}

function meanOf(residuals: Float64Array, members: Int32Array): number {
  let sum = 0
  for (let i = 0; i < members.length; i++) sum += residuals[members[i]!]!
  return sum / Math.max(1, members.length)
}

function divided(codes: Uint8Array, bin: number, members: Int32Array): [Int32Array, Int32Array] {
  const left = new Int32Array(members.length)
  const right = new Int32Array(members.length)
  let l = 0
  let r = 0
  for (let i = 0; i < members.length; i++) {
    const row = members[i]!
    if (codes[row]! <= bin) left[l++] = row
    else right[r++] = row
  }
  return [left.subarray(0, l), right.subarray(0, r)]
}

type Split = { readonly feature: number; readonly bin: number; readonly gain: number }

function bestSplit(
  { codes, edges }: Binned,
  residuals: Float64Array,
  members: Int32Array,
  columns: Int32Array,
  leaf: number,
): Split | null {
  if (members.length < 2 * leaf) return null
  const own = new Float64Array(members.length)
  let total = 0
  for (let i = 0; i < own.length; i++) {
    own[i] = residuals[members[i]!]!
    total += own[i]!
  }
  const sums = new Float64Array(256)
  const counts = new Float64Array(256)
  let best: Split | null = null
  for (const feature of columns) {
    const size = edges[feature]!.length + 1
    sums.fill(0, 0, size)
    counts.fill(0, 0, size)
    const of = codes[feature]!
    for (let i = 0; i < members.length; i++) {
      const code = of[members[i]!]!
      sums[code]! += own[i]!
      counts[code]!++
    }
    const split = bestBin(sums, counts, size, total, members.length, leaf)
    if (split && split.gain > (best?.gain ?? 1e-9)) best = { feature, ...split }
  }
  return best
}

function bestBin(
  sums: Float64Array,
  counts: Float64Array,
  size: number,
  total: number,
  rows: number,
  leaf: number,
): { bin: number; gain: number } | null {
  let best: { bin: number; gain: number } | null = null
  let sum = 0
  let count = 0
  for (let bin = 0; bin < size - 1; bin++) {
    sum += sums[bin]!
    count += counts[bin]!
    if (count < leaf || rows - count < leaf) continue
    const rest = total - sum
    const gain = (sum * sum) / count + (rest * rest) / (rows - count) - (total * total) / rows
    if (best === null || gain > best.gain) best = { bin, gain }
  }
  return best
}

function subtract(residuals: Float64Array, tree: Tree, { codes }: Binned): void {
  for (let row = 0; row < residuals.length; row++) {
    let node = 0
    while (tree.feature[node]! >= 0) {
      node = codes[tree.feature[node]!]![row]! <= tree.threshold[node]! ? tree.left[node]! : tree.right[node]!
    }
    residuals[row]! -= tree.value[node]!
  }
}

function unbinned(tree: Tree, { edges }: Binned): Tree {
  const threshold = tree.feature.map((feature, node) =>
    feature < 0 ? 0 : edges[feature]![tree.threshold[node]!]!,
  )
  return { ...tree, threshold }
}
