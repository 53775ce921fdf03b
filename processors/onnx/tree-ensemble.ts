import { MillraceError } from '../../model/index.ts'
import { type Node, numbersOf } from './graph.ts'
import type { Operator } from './operators.ts'

type Ensemble = {
  readonly roots: readonly number[]
  readonly feature: readonly number[]
  readonly threshold: readonly number[]
  readonly mode: readonly string[]
  readonly yes: readonly number[]
  readonly no: readonly number[]
  /** Of each leaf, for the one target. */
  readonly weight: ReadonlyMap<number, number>
  readonly base: number
  readonly averages: boolean
}

const isYes: Readonly<Record<string, (x: number, threshold: number) => boolean>> = {
  BRANCH_LEQ: (x, threshold) => x <= threshold,
  BRANCH_LT: (x, threshold) => x < threshold,
  BRANCH_GTE: (x, threshold) => x >= threshold,
  BRANCH_GT: (x, threshold) => x > threshold,
  BRANCH_EQ: (x, threshold) => x === threshold,
  BRANCH_NEQ: (x, threshold) => x !== threshold,
}

/** A graph never changes, so that what is made of its nodes is kept with them. */
const made = new WeakMap<Node, Ensemble>()

/** ai.onnx.ml, TreeEnsembleRegressor, with one target, SUM or AVERAGE, and no transformation. */
export const treeEnsemble: Operator = ([x], node) => {
  const ensemble = made.get(node) ?? ensembleOf(node)
  made.set(node, ensemble)
  const sum = ensemble.roots.reduce((total, root) => total + leafWeight(ensemble, root, x!.data), 0)
  return [ensemble.base + (ensemble.averages ? sum / ensemble.roots.length : sum)]
}

function leafWeight(ensemble: Ensemble, root: number, x: ArrayLike<number>): number {
  let node = root
  // A tree has no more levels than nodes: what is longer goes in a circle.
  for (let step = 0; step <= ensemble.mode.length; step++) {
    const mode = ensemble.mode[node]!
    if (mode === 'LEAF') return ensemble.weight.get(node) ?? 0
    const compare = isYes[mode]
    if (!compare) throw new MillraceError('unsupported', `a tree of the ONNX model branches by ${mode}`)
    node = (compare(x[ensemble.feature[node]!]!, ensemble.threshold[node]!) ? ensemble.yes : ensemble.no)[
      node
    ]!
  }
  throw new MillraceError('bad-payload', 'a tree of the ONNX model goes in a circle')
}

function ensembleOf(node: Node): Ensemble {
  const trees = numbersOf(node, 'nodes_treeids')
  const ids = numbersOf(node, 'nodes_nodeids')
  const places = new Map(ids.map((id, i) => [`${trees[i]} ${id}`, i]))
  const placed = (tree: number, id: number) => places.get(`${tree} ${id}`) ?? 0
  const child = (name: string) => numbersOf(node, name).map((id, i) => placed(trees[i]!, id))
  const targetTrees = numbersOf(node, 'target_treeids')
  const targetNodes = numbersOf(node, 'target_nodeids')
  const weights = numbersOf(node, 'target_weights')
  const aggregate = String(node.attributes.get('aggregate_function') ?? 'SUM')
  refuse(node, aggregate)
  return {
    roots: trees.flatMap((tree, i) => (trees.indexOf(tree) === i ? [i] : [])),
    feature: numbersOf(node, 'nodes_featureids'),
    threshold: numbersOf(node, 'nodes_values'),
    mode: node.attributes.get('nodes_modes') as readonly string[],
    yes: child('nodes_truenodeids'),
    no: child('nodes_falsenodeids'),
    weight: new Map(weights.map((weight, i) => [placed(targetTrees[i]!, targetNodes[i]!), weight])),
    base: numbersOf(node, 'base_values')[0] ?? 0,
    averages: aggregate === 'AVERAGE',
  }
}

function refuse(node: Node, aggregate: string): void {
  const targets = numbersOf(node, 'n_targets')[0] ?? 1
  const transform = String(node.attributes.get('post_transform') ?? 'NONE')
  if (targets === 1 && transform === 'NONE' && ['SUM', 'AVERAGE'].includes(aggregate)) return
  throw new MillraceError(
    'unsupported',
    `the trees of the ONNX model have ${targets} targets, ${aggregate}, ${transform}`,
  )
}
