import type {
  Evidence,
  Micros,
  Output,
  Processor,
  ProcessorEvent,
  Signal,
  Tag,
  TelemetryRecord,
} from '../../model/index.ts'
import { MillraceError } from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorAsset, ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { numberOf } from '../readings.ts'
import { samplesOf } from '../samples.ts'
import { type Contribution, drift, isTrained, look, type Model, newModel, train } from './model.ts'
import { AutoencoderOptions } from './options.ts'

type Options = AutoencoderOptions & { readonly name: string }
type State = {
  /** Newest reading of every tag: its number, or why there is none. */
  latest: ({ t: Micros; value: number | string } | null)[]
  t: Micros | null
  began: Micros | null
  lookedAt: Micros | null
  model: Model
  trained: boolean
  verdict: Signal['verdict'] | null
  givenOutAt: Micros
  evidence: Evidence[]
}
type Setting = {
  readonly asset: string
  readonly tags: readonly Tag[]
  readonly places: ReadonlyMap<string, number>
  readonly options: Options
}
type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason'> & { readonly details?: Signal['details'] }

/** Learns how an asset's tags go together, and says when they do not, and which of them. */
export const autoencoder: ProcessorKind<AutoencoderOptions> = {
  kind: 'autoencoder',
  options: AutoencoderOptions,
  create(asset, options) {
    refuse(asset, options)
    const tags = options.tags.map(name => tagOf(asset, options.name, name, 'telemetry'))
    const places = new Map(tags.map((tag, at) => [tag.name, at]))
    const setting = { asset: asset.id, tags, places, options }
    return {
      name: options.name,
      initial: () => newState(setting),
      step: (state, event: ProcessorEvent) => [
        state,
        event.kind === 'telemetry' ? step(state, event.record, setting) : [],
      ],
    } satisfies Processor<State>
  },
}

function refuse(asset: ProcessorAsset, { name, tags, warning, alarm }: Options): void {
  const problem =
    new Set(tags).size < tags.length
      ? 'names a tag twice'
      : alarm < warning
        ? 'reaches its alarm limit before its warning limit'
        : undefined
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}, signal ${name} ${problem}`, {
    hint: 'Name each tag once, and give `alarm` above `warning`',
  })
}

function newState({ tags, options }: Setting): State {
  return {
    latest: tags.map(() => null),
    t: null,
    began: null,
    lookedAt: null,
    model: newModel(tags.length, options),
    trained: false,
    verdict: null,
    givenOutAt: 0,
    evidence: [],
  }
}

/** A moment is looked at when all of its samples are there: at the next one, or at the end of the record. */
function step(state: State, record: TelemetryRecord, setting: Setting): Output[] {
  const samples = samplesOf(record, setting.places)
  const outputs: Output[] = []
  for (let i = 0; i < samples.length; i++) {
    const { at, t } = samples[i]!
    if (state.t !== null && t < state.t) continue
    state.t = t
    state.latest[at] = { t, value: numberOf(samples[i]!, setting.tags[at]!) }
    if (samples[i + 1]?.t === t) continue
    witness(state.evidence, record)
    outputs.push(...moment(state, t, setting))
  }
  return outputs
}

function moment(state: State, t: Micros, setting: Setting): Output[] {
  const { everyMs, givenOutMs } = setting.options
  if (state.lookedAt !== null && t < state.lookedAt + everyMs * 1_000) return []
  state.lookedAt = t
  const judgement = judged(state, t, setting)
  const { verdict } = judgement
  if (verdict === state.verdict && t < state.givenOutAt + givenOutMs * 1_000) return []
  Object.assign(state, { verdict, givenOutAt: t })
  const signal = signalOf(setting, t, judgement, state.evidence)
  state.evidence = []
  return [{ topic: 'signals', t, value: signal }]
}

function judged(state: State, t: Micros, { tags, options }: Setting): Judgement {
  const row = rowOf(state, t, tags, options)
  if (typeof row === 'string') return { verdict: 'not-known', value: null, reason: row }
  state.began ??= t
  if (!state.trained && (t - state.began) / 60e6 >= options.learnMinutes && !isTrained(state.model)) {
    // A gap has swallowed a part of the learning time.
    Object.assign(state, { began: t, model: newModel(tags.length, options) })
  }
  const { model } = state
  const passed = (t - state.began) / (options.learnMinutes * 60e6)
  if (!state.trained && passed < 1) {
    train(model, row, passed, options.smoothing)
    const minutes = Math.floor((t - state.began) / 6e6) / 10
    const reason = `Learning what is normal: ${minutes} of ${options.learnMinutes} minutes`
    return { verdict: 'not-known', value: null, reason }
  }
  state.trained = true
  const contributions = look(model, row, options.smoothing)
  drift(model, row, contributions[0]?.score ?? 0, options)
  return verdictOf(contributions, tags, options)
}

/** The tags as they stand, or why they are not known together. */
function rowOf(state: State, t: Micros, tags: readonly Tag[], { maxAgeMs }: Options): number[] | string {
  const row: number[] = []
  for (let at = 0; at < tags.length; at++) {
    const latest = state.latest[at]
    const { name } = tags[at]!
    if (latest == null) return `No sample of ${name} yet`
    if (typeof latest.value === 'string') return latest.value
    if (t - latest.t > maxAgeMs * 1_000)
      return `The last sample of ${name} is ${Math.round((t - latest.t) / 1e6)} s old`
    row.push(latest.value)
  }
  return row
}

function verdictOf(
  contributions: readonly Contribution[],
  tags: readonly Tag[],
  options: Options,
): Judgement {
  const [worst] = contributions
  if (worst === undefined) {
    return { verdict: 'not-known', value: null, reason: 'None of its tags has moved while it learned' }
  }
  const value = short(worst.score)
  const verdict = worst.score > options.alarm ? 'alarm' : worst.score > options.warning ? 'warning' : 'normal'
  const blamed = contributions.filter(({ score }) => score > options.warning).slice(0, 3)
  const told = (blamed.length > 0 ? blamed : [worst]).map(one => describe(one, tags[one.at]!))
  const reason =
    verdict === 'normal'
      ? `Its tags go together as learned; most off: ${told[0]}`
      : `Its tags do not go together as learned: ${told.join('; ')}`
  const details = Object.fromEntries(
    contributions.slice(0, 3).map(({ at, score }) => [tags[at]!.name, short(score)]),
  )
  return { verdict, value, reason, details }
}

function describe({ value, expected, score }: Contribution, { name, unit }: Tag): string {
  const text = (number: number) => `${short(number)}${unit ? ` ${unit}` : ''}`
  return `${name} is ${text(value)}, expected ${text(expected)} (error ${short(score)} times the largest normal one)`
}

const short = (value: number) => Number(value.toPrecision(4))

function signalOf(
  { asset, options }: Setting,
  t: Micros,
  { details, ...judgement }: Judgement,
  evidence: readonly Evidence[],
): Signal {
  const { name: signal, warning, alarm } = options
  return {
    v: 1,
    asset,
    signal,
    processor: 'autoencoder',
    t,
    unit: '1',
    ...judgement,
    limits: { warning, alarm },
    ...(details && { details }),
    evidence: structuredClone([...evidence]),
  }
}
