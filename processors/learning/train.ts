import { createHash } from 'node:crypto'
import { type Micros, MillraceError, type Parameters, type TrainedModel } from '../../model/index.ts'
import { featureCount, newFeatureState, stepFeatures } from './features.ts'
import type { Observation } from './gather.ts'
import { coverageOf, fitInterval, type Unseen } from './intervals.ts'
import { fitLeastSquares } from './least-squares.ts'
import { type Matrix, matrix, pickRows, rowOf } from './matrix.ts'
import { clipped, raw } from './predict.ts'
import { phm08, rmse } from './scores.ts'
import { type FeaturePlan, fitSpec } from './spec.ts'
import { fitTrees } from './trees.ts'

export const learners = ['trees', 'least-squares'] as const
export type Learner = (typeof learners)[number]

/** One life of an asset, from its start or repair to its failure. */
export type Run = { readonly asset: string; readonly observations: readonly Observation[] }

export type TrainingPlan = {
  readonly assetClass: string
  readonly features: FeaturePlan
  /** Hours of operation above which remaining life is not told apart. */
  readonly cap: number
  readonly learner: Learner
  /** Share of truths that intervals are to cover. */
  readonly level: number
}

export type Trained = Pick<TrainedModel['training'], 'positions' | 'labels'>

const folds = 4
const fewest = 4

/**
 * A model from whole lives. Intervals and scores come from lives that the model had not seen: each is left out once.
 * The same runs give the same model, byte for byte.
 * @throws MillraceError `resources` when there are too few lives to leave some out
 */
export function train(
  runs: readonly Run[],
  plan: TrainingPlan,
  from: Trained,
  note: (text: string) => void = () => {},
): TrainedModel {
  if (runs.length < fewest) throw tooFew(runs.length, plan.assetClass)
  note(`regimes of ${runs.length} lives`)
  const features = fitSpec(plan.features, runs.flatMap(complete))
  const { rows, targets, units } = tableOf(runs, features, plan)
  if (rows.rows === 0) throw tooFew(0, plan.assetClass)
  const unseen = unseenOf(rows, targets, units, plan, note)
  note(`${plan.learner} on ${rows.rows} observations`)
  return named({
    v: 1,
    kind: 'model',
    assetClass: plan.assetClass,
    predicts: 'remaining-life',
    unit: 'h',
    cap: plan.cap,
    features,
    parameters: fit(rows, targets, plan.learner),
    interval: fitInterval(unseen, plan.level),
    training: { ...spanOf(runs), ...from, runs: runs.length, observations: rows.rows },
    scores: {
      rmse: rmse(unseen),
      phm08: phm08(unseen) / unseen.length,
      coverage: coverageOf(unseen, plan.level, plan.cap),
    },
  })
}

/** The id is a hash of all the rest. */
export function named(model: Omit<TrainedModel, 'id'>): TrainedModel {
  const hash = createHash('sha256').update(JSON.stringify(model)).digest('hex').slice(0, 12)
  const { v, kind, ...rest } = model
  return { v, kind, id: `${model.assetClass}-${hash}`, ...rest }
}

function tooFew(runs: number, assetClass: string): MillraceError {
  return new MillraceError('resources', `${runs} lives of class ${assetClass} ended in a failure`, {
    hint: `Training needs ${fewest}. Tell failures with millrace label ASSET --failed --at TIME, or take a longer time`,
  })
}

function complete({ observations }: Run): number[][] {
  return observations.flatMap(({ values }) =>
    values.every(value => typeof value === 'number') ? [values as number[]] : [],
  )
}

type Table = { readonly rows: Matrix; readonly targets: Float64Array; readonly units: Int32Array }

/** Steps every life through the features as serving does, and notes what remained. */
function tableOf(runs: readonly Run[], spec: TrainedModel['features'], { cap }: TrainingPlan): Table {
  const count = runs.reduce((sum, { observations }) => sum + observations.length, 0)
  const rows = matrix(count, featureCount(spec))
  const targets = new Float64Array(count)
  const units = new Int32Array(count)
  const hours = spec.everyMs / 3_600_000
  let at = 0
  runs.forEach(({ observations }, unit) => {
    const state = newFeatureState(spec)
    observations.forEach(({ values }, i) => {
      const features = stepFeatures(state, values, spec)
      if (!features.ok) return
      rows.data.set(features.row, at * rows.columns)
      targets[at] = Math.min(cap, (observations.length - 1 - i) * hours)
      units[at++] = unit
    })
  })
  const known = { ...rows, rows: at, data: rows.data.subarray(0, at * rows.columns) }
  return { rows: known, targets: targets.subarray(0, at), units: units.subarray(0, at) }
}

function fit(rows: Matrix, targets: Float64Array, learner: Learner): Parameters {
  return learner === 'trees' ? fitTrees(rows, targets) : fitLeastSquares(rows, targets)
}

function unseenOf(
  rows: Matrix,
  targets: Float64Array,
  units: Int32Array,
  { learner, cap }: TrainingPlan,
  note: (text: string) => void,
): Unseen[] {
  const unseen: Unseen[] = []
  for (let fold = 0; fold < folds; fold++) {
    note(`${learner}, lives left out: part ${fold + 1} of ${folds}`)
    const seen = [...units.keys()].filter(row => units[row]! % folds !== fold)
    const parameters = fit(
      pickRows(rows, seen),
      Float64Array.from(seen, row => targets[row]!),
      learner,
    )
    units.forEach((unit, row) => {
      if (unit % folds !== fold) return
      const predicted = clipped(raw(parameters, rowOf(rows, row)), cap)
      unseen.push({ unit: Math.floor(unit / folds), predicted, truth: targets[row]! })
    })
  }
  return unseen
}

function spanOf(runs: readonly Run[]): { from: Micros; to: Micros } {
  const times = runs.flatMap(({ observations }) =>
    observations.length > 0 ? [observations[0]!.t, observations[observations.length - 1]!.t] : [],
  )
  return {
    from: times.reduce((a, b) => Math.min(a, b)),
    to: times.reduce((a, b) => Math.max(a, b)),
  }
}
