import {
  type Evidence,
  type Micros,
  MillraceError,
  type ModelsInForce,
  type Output,
  type Processor,
  type Signal,
  type Tag,
  type TelemetryRecord,
  type TrainedModel,
} from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorAsset, ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { type GatherState, gather, newGatherState, type Observation } from '../learning/gather.ts'
import { type Course, follow } from './course.ts'
import { RemainingLifeOptions } from './options.ts'
import { healthOf, type Judgement, lifeOf, shadowOf } from './verdict.ts'

type Named = RemainingLifeOptions & { readonly name: string }

export type RemainingLifeState = {
  gathered: GatherState
  /** Observations since the start or the last repair; null: the start is not known. */
  age: number | null
  /** What the models in force remember of the asset, by their ids. */
  courses: Course[]
  /** Of the last repair; samples before it are of the asset as it was. */
  since: Micros | null
  evidence: Evidence[]
}

type Setup = { readonly tags: readonly Tag[]; readonly options: Named; readonly assetClass: string }

/**
 * Hours of operation that an asset has left, with an interval, and its health, by the model of its class. Without a
 * model, with inputs that are bad or missing, not those of training or in another unit, it is "not known".
 */
export const remainingLife: ProcessorKind<RemainingLifeOptions> = {
  kind: 'remaining-life',
  options: RemainingLifeOptions,
  create(asset, options) {
    refuse(asset, options)
    const tags = [...options.inputs, ...options.settings].map(tag =>
      tagOf(asset, options.name, tag, 'telemetry'),
    )
    const setup: Setup = { tags, options, assetClass: asset.class! }
    return {
      name: options.name,
      initial: () => newState(setup),
      step(state, event) {
        if (event.kind === 'repair') return [repaired(state, event.t, setup), []]
        if (event.kind !== 'telemetry') return [state, []]
        return [state, step(state, event.record, event.models ?? {}, setup)]
      },
    } satisfies Processor<RemainingLifeState>
  },
}

function refuse(asset: ProcessorAsset, { name, inputs, settings, memory, warning, alarm }: Named): void {
  const refusal = (message: string, hint: string) =>
    new MillraceError('config-invalid', `${asset.id}, signal ${name}: ${message}`, { hint })
  if (asset.class === undefined)
    throw refusal('the asset has no class', 'Give it one: assets of a class share their models')
  const both = inputs.find(input => settings.includes(input))
  if (both !== undefined) throw refusal(`"${both}" is an input and a setting`, 'Leave it in one of them')
  if (memory.some((span, i) => i > 0 && span <= memory[i - 1]!))
    throw refusal('"memory" is not ascending', 'Write the shortest first')
  if (warning && alarm && alarm.below >= warning.below)
    throw refusal('the alarm comes before the warning', 'Let alarm.below be less than warning.below')
}

function newState({ tags, options }: Setup): RemainingLifeState {
  return {
    gathered: newGatherState(tags.length),
    age: options.knownFromStart ? 0 : null,
    courses: [],
    since: null,
    evidence: [],
  }
}

/** The asset begins anew; a repair that is older than the last one changes nothing. */
function repaired(state: RemainingLifeState, t: Micros, setup: Setup): RemainingLifeState {
  if (state.since !== null && t <= state.since) return state
  const fresh = newState(setup)
  return { ...fresh, age: 0, since: t, gathered: { ...fresh.gathered, t } }
}

function step(
  state: RemainingLifeState,
  record: TelemetryRecord,
  models: ModelsInForce,
  setup: Setup,
): Output[] {
  witness(state.evidence, record)
  const observations = gather(state.gathered, record, { tags: setup.tags, ...setup.options })
  const outputs = observations.flatMap(observation =>
    judged(state, observation, models, setup).map(([signal, unit, judgement]) =>
      outputOf({ asset: record.asset, signal, unit, t: observation.t, evidence: state.evidence, judgement }),
    ),
  )
  if (observations.length > 0) state.evidence = []
  return outputs
}

/** Name, unit and judgement of each signal. */
function judged(
  state: RemainingLifeState,
  observation: Observation,
  { active, shadow }: ModelsInForce,
  { options, tags, assetClass }: Setup,
): [string, string, Judgement][] {
  if (state.age !== null) state.age++
  const follows = (model: TrainedModel) => {
    const course = state.courses.find(({ model: id }) => id === model.id) ?? { model: model.id }
    return { course, result: follow(course, observation, model, { age: state.age, tags, options }) }
  }
  const life = active && follows(active)
  const beside = shadow && follows(shadow)
  state.courses = [life, beside].flatMap(followed => (followed ? [followed.course] : []))
  const result = life?.result ?? { ok: false, reason: `no model of class ${assetClass} is in force` }
  return [
    [options.name, 'h', lifeOf(result, options)],
    [`${options.name}-health`, '%', healthOf(result)],
    ...(beside
      ? [[`${options.name}-shadow`, 'h', shadowOf(beside.result)] as [string, string, Judgement]]
      : []),
  ]
}

type Said = Pick<Signal, 'asset' | 'signal' | 'unit' | 't' | 'evidence'> & { readonly judgement: Judgement }

function outputOf({ judgement, t, ...said }: Said): Output {
  const value: Signal = { v: 1, processor: 'remaining-life', ...said, t, ...judgement }
  return { topic: 'signals', t, value: structuredClone(value) }
}
