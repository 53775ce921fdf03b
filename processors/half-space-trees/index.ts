import { type Static, Type } from 'typebox'
import type { Tag } from '../../model/index.ts'
import { everyOption, notKnown, type Opinion } from '../announce.ts'
import { newRank, type Rank, rarity, remember } from '../anomaly/rank.ts'
import { type Budget, budgetOptions, newBudget, pass, raise, thresholdOf } from '../budget.ts'
import { machineStateOptions, mostStates } from '../machine-state.ts'
import { type Row, rowsKind } from '../rows-kind.ts'
import { stepOption } from '../steps.ts'
import { trustOptions, valueText } from '../trust.ts'
import { descend, nodeCount, type Tree, treeCount, treesFor } from './trees.ts'

export const HalfSpaceTreesOptions = Type.Object(
  {
    tags: Type.Array(Type.String(), {
      minItems: 1,
      maxItems: 16,
      uniqueItems: true,
      description: 'The telemetry tags that are judged together, by their newest samples every stepMs.',
    }),
    windowRows: Type.Integer({
      minimum: 50,
      maximum: 10_000,
      default: 480,
      description: 'Rows that a row is compared with; three times as many are learned first in each state.',
    }),
    ...budgetOptions,
    ...stepOption,
    ...machineStateOptions,
    ...trustOptions,
    ...everyOption(),
  },
  { additionalProperties: false },
)
export type HalfSpaceTreesOptions = Static<typeof HalfSpaceTreesOptions>

/** Of one state of the machine. */
type Forest = {
  state: string
  n: number
  low: number[]
  high: number[]
  /** Rows in every node: of the last window, and of the one that fills. */
  last: number[][]
  next: number[][]
  rank: Rank
}

type Forests = { forests: Forest[]; budget: Budget }

/**
 * Tells rows where few were before, in whatever shape the tags go together: for what the other kinds do not fit. State:
 * about 4 kB for each state of the machine.
 */
export const halfSpaceTrees = rowsKind<Forests, HalfSpaceTreesOptions>({
  kind: 'half-space-trees',
  options: HalfSpaceTreesOptions,
  unit: '1',
  initial: () => ({ forests: [], budget: newBudget() }),
  judge(own, row, tags, options) {
    let forest = own.forests.find(({ state }) => state === row.state)
    if (forest === undefined) {
      if (own.forests.length >= mostStates)
        return notKnown(
          `"${row.state}" is one more than the ${mostStates} states of the machine that are learned`,
        )
      forest = newForest(row)
      own.forests.push(forest)
    }
    pass(own.budget, row.t)
    return judged(forest, own.budget, row, tags, options)
  },
})

function newForest({ state, values }: Row): Forest {
  const masses = () => Array.from({ length: treeCount }, () => new Array<number>(nodeCount).fill(0))
  return { state, n: 0, low: [...values], high: [...values], last: masses(), next: masses(), rank: newRank() }
}

/** One window for the range of each tag, one to fill the trees, one to learn what strangeness is usual. */
function judged(
  forest: Forest,
  budget: Budget,
  { t, values }: Row,
  tags: readonly Tag[],
  options: HalfSpaceTreesOptions,
): Opinion {
  const { windowRows } = options
  const n = forest.n++
  if (n < windowRows) {
    for (const [i, value] of values.entries()) {
      forest.low[i] = Math.min(forest.low[i]!, value)
      forest.high[i] = Math.max(forest.high[i]!, value)
    }
    return learning(n, windowRows)
  }
  const place = values.map((value, i) => (value - forest.low[i]!) / (forest.high[i]! - forest.low[i]! || 1))
  const trees = treesOf(values.length)
  const strange = n < 2 * windowRows ? null : strangeness(forest, trees, place, windowRows)
  fill(forest, trees, place, n % windowRows === windowRows - 1)
  if (strange === null) return learning(n, windowRows)
  const rare = rarity(forest.rank, strange)
  remember(forest.rank, strange, 8_000)
  return n < 3 * windowRows ? learning(n, windowRows) : told(rare, place, budget, t, values, tags, options)
}

function learning(n: number, windowRows: number): Opinion {
  return notKnown(`learning: ${n + 1} of ${3 * windowRows} rows`)
}

const made = new Map<number, readonly Tree[]>()

/** They depend on the number of tags alone; kept because they are many. */
function treesOf(tags: number): readonly Tree[] {
  const known = made.get(tags) ?? treesFor(tags)
  made.set(tags, known)
  return known
}

/** The rows that a uniform spread over the leaves would have put here, in relation to those that were. */
function strangeness(
  { last }: Forest,
  trees: readonly Tree[],
  place: readonly number[],
  windowRows: number,
): number {
  const few = windowRows / 10
  let mass = 0
  for (const [k, tree] of trees.entries()) {
    let found = 0
    descend(tree, place, (node, level) => {
      found = last[k]![node]! * 2 ** level
      return last[k]![node]! < few
    })
    mass += found
  }
  return (treeCount * windowRows) / (mass + 1)
}

function fill(forest: Forest, trees: readonly Tree[], place: readonly number[], isLast: boolean): void {
  for (const [k, tree] of trees.entries()) {
    descend(tree, place, node => {
      forest.next[k]![node]!++
      return false
    })
  }
  if (!isLast) return
  forest.last = forest.next
  forest.next = forest.last.map(masses => masses.map(() => 0))
}

function told(
  rare: number,
  place: readonly number[],
  budget: Budget,
  t: number,
  values: readonly number[],
  tags: readonly Tag[],
  options: HalfSpaceTreesOptions,
): Opinion {
  const threshold = thresholdOf(budget, 1, options)
  const raised = raise(budget, t, rare >= threshold, options)
  const score = Math.max(0, rare) / (Math.max(0, rare) + threshold)
  const far = place.map(one => Math.abs(one - 0.5))
  const at = far.indexOf(Math.max(...far))
  return {
    verdict: raised ? 'warning' : 'normal',
    value: raised ? score : Math.min(score, 0.499),
    limits: { warning: 0.5 },
    reason: () =>
      `the tags together are where about 1 row in ${Math.round(10 ** Math.min(9, Math.max(0, rare))).toLocaleString('en')} was before; furthest out is ${tags[at]!.name}, ${valueText(values[at]!, tags[at]!)}`,
    details: { rarity: rare, threshold, tag: tags[at]!.name },
  }
}
