import type { Tag, TrainedModel } from '../../model/index.ts'
import { type FeatureState, newFeatureState, stepFeatures } from '../learning/features.ts'
import type { Observation } from '../learning/gather.ts'
import { type Prediction, predict } from '../learning/predict.ts'
import type { RemainingLifeOptions } from './options.ts'

/** What one model remembers of one asset. */
export type Course = { model: string; features?: FeatureState }

export type Known = {
  readonly ok: true
  readonly model: TrainedModel
  readonly prediction: Prediction
  /** Inputs that are furthest from the class's mean, with how far, in standard deviations. */
  readonly furthest: readonly { readonly input: string; readonly deviations: number }[]
}
export type Unknown = { readonly ok: false; readonly reason: string }

type Asset = {
  readonly age: number | null
  readonly tags: readonly Tag[]
  readonly options: RemainingLifeOptions
}

/** Moves a model's course on by one observation, in place, and predicts. */
export function follow(
  course: Course,
  { values }: Observation,
  model: TrainedModel,
  { age, tags, options }: Asset,
): Known | Unknown {
  const misfit = misfitOf(model, tags, options)
  if (misfit !== undefined) return unknown(misfit)
  course.features ??= newFeatureState(model.features)
  // A model that comes later finds the asset as old as it is.
  course.features.age = Math.max(0, (age ?? 1) - 1)
  const features = stepFeatures(course.features, values, model.features)
  if (age === null) return unknown('its age is not known: no repair was told since it was first seen')
  if (!features.ok) return unknown(features.reason)
  const { taken } = course.features
  const needed = Math.floor(0.8 * Math.min(age, model.features.memory.at(-1)!))
  if (taken < needed)
    return unknown(`model ${model.id} has seen ${taken} of the ${needed} observations that it needs`)
  const prediction = predicted(model, features.row)
  if (prediction === undefined) return unknown(`model ${model.id} gives no number`)
  return { ok: true, model, prediction, furthest: furthestOf(features.row, model) }
}

/** Undefined of a model that is not whole: it may have been written by anybody who may write models. */
function predicted(model: TrainedModel, row: Float64Array): Prediction | undefined {
  try {
    const prediction = predict(model, row)
    return Object.values(prediction).every(Number.isFinite) ? prediction : undefined
  } catch {
    return undefined
  }
}

const unknown = (reason: string): Unknown => ({ ok: false, reason })

/** Why the model is not for what is declared here. */
function misfitOf(
  { id, features }: TrainedModel,
  tags: readonly Tag[],
  { everyMs }: RemainingLifeOptions,
): string | undefined {
  const wanted = [...features.inputs, ...features.settings]
  if (wanted.join() !== tags.map(({ name }) => name).join())
    return `model ${id} was trained on other tags: ${wanted.join(', ')}`
  if (features.everyMs !== everyMs)
    return `model ${id} was trained on an observation every ${features.everyMs} ms, here it is ${everyMs} ms`
  const changed = tags.find(({ name, unit }) => (features.units[name] ?? '') !== (unit ?? ''))
  if (changed === undefined) return undefined
  const was = features.units[changed.name] || 'no unit'
  return `the unit of ${changed.name} is ${changed.unit ?? 'not told'}, model ${id} was trained in ${was}`
}

function furthestOf(row: Float64Array, { features }: TrainedModel): Known['furthest'] {
  const { used, inputs } = features
  return used
    .map((input, u) => ({ input: inputs[input]!, deviations: row[1 + u]! }))
    .sort((a, b) => Math.abs(b.deviations) - Math.abs(a.deviations))
    .slice(0, 3)
}
