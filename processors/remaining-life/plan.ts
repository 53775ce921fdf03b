import { isDeepStrictEqual } from 'node:util'
import { MillraceError, type Tag } from '../../model/index.ts'
import type { ProcessorAsset, SignalSpec } from '../contract.ts'
import type { Gathering } from '../learning/gather.ts'
import { type Learner, learners, type TrainingPlan } from '../learning/train.ts'
import { checkedOptions } from '../options.ts'
import { RemainingLifeOptions } from './options.ts'

export type DeclaredAsset = ProcessorAsset & { readonly signals: readonly SignalSpec[] }

export type ClassPlan = TrainingPlan & {
  /** How an asset's telemetry becomes observations; undefined where a tag is missing. */
  gathering(asset: ProcessorAsset): Gathering | undefined
}

/** The share of truths that intervals are to cover, with room for fleets that are not quite those of training. */
const level = 0.92

/**
 * How a class is trained: as its assets declare it, which is how they are served.
 * @throws MillraceError `config-invalid` when none declares it, two do otherwise, or the learner is not known
 */
export function trainingPlan(
  assetClass: string,
  assets: readonly DeclaredAsset[],
  learner: string,
): ClassPlan {
  if (!learners.includes(learner as Learner)) {
    throw new MillraceError('config-invalid', `there is no learner "${learner}"`, {
      hint: `One of ${learners.join(', ')}`,
    })
  }
  const options = declaredFor(assetClass, assets)
  const { inputs, settings, everyMs, holdMs, memory, capHours } = options
  const names = [...inputs, ...settings]
  const tagsOf = (asset: ProcessorAsset) =>
    names.flatMap(name => asset.tags.find(tag => tag.name === name && tag.class === 'telemetry') ?? [])
  const first = assets.find(asset => tagsOf(asset).length === names.length)!
  return {
    assetClass,
    features: { inputs, settings, units: unitsOf(tagsOf(first)), everyMs, holdMs, memory },
    cap: capHours,
    learner: learner as Learner,
    level,
    gathering(asset) {
      const tags = tagsOf(asset)
      return tags.length === names.length ? { tags, everyMs, holdMs } : undefined
    },
  }
}

function declaredFor(assetClass: string, assets: readonly DeclaredAsset[]): RemainingLifeOptions {
  const declared = assets
    .filter(asset => asset.class === assetClass)
    .flatMap(({ id, signals }) =>
      signals
        .filter(({ processor }) => processor === 'remaining-life')
        .map(({ processor: _, name: __, ...options }) => trained(options, id)),
    )
  const [first] = declared
  if (first === undefined) {
    throw new MillraceError('config-invalid', `no asset of class ${assetClass} declares a remaining-life`, {
      hint: `Classes: ${[...new Set(assets.flatMap(asset => asset.class ?? []))].join(', ') || 'none'}`,
    })
  }
  if (declared.every(options => isDeepStrictEqual(options, first))) return first
  throw new MillraceError(
    'config-invalid',
    `assets of class ${assetClass} declare their remaining life otherwise`,
    {
      hint: 'Let inputs, settings, everyMs, holdMs, memory and capHours be the same: they share a model',
    },
  )
}

/** Without what training does not depend on. */
function trained(options: object, asset: string): RemainingLifeOptions {
  const {
    warning: _,
    alarm: __,
    ...rest
  } = checkedOptions(RemainingLifeOptions, options, asset) as RemainingLifeOptions
  return rest
}

const unitsOf = (tags: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(tags.flatMap(({ name, unit }) => (unit ? [[name, unit]] : [])))
