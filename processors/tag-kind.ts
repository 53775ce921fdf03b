import type { TObject, TProperties } from 'typebox'
import type { Evidence, Micros, Output, ProcessorEvent, Tag } from '../model/index.ts'
import { type Announced, isDue, notAnnounced, notKnown, type Opinion, signalOutput } from './announce.ts'
import { tagOf } from './asset-tag.ts'
import type { ProcessorKind } from './contract.ts'
import { witness } from './evidence.ts'
import { enter, type MachineState, newMachineState, whyUnsettled } from './machine-state.ts'
import { type SampleOf, samplesOf } from './samples.ts'
import { newTrust, type Trust, take } from './trust.ts'

/** What every kind that watches one tag has among its options. */
export type TagOptions = {
  readonly tag: string
  readonly stateTag?: string
  readonly settleMs: number
  readonly gapMs: number
  readonly everyMs: number
}

/** A good sample of the tag, in the state its machine is in ("" where none is given). */
export type Known = { readonly t: Micros; readonly value: number; readonly state: string }

/** What is particular to a kind. `Own` is plain JSON data. */
export type TagJudge<Own, Options> = {
  readonly kind: string
  readonly options: TObject<TProperties>
  initial(): Own
  /** Nothing where the sample is only collected. */
  judge(own: Own, sample: Known, tag: Tag, options: Options): Opinion | undefined
  /** What was known of the moment is over: bad quality, a gap, another state of the machine. Learned things stay. */
  broken(own: Own): void
  /** The unit of the signal; left out: the tag's. */
  unit?(tag: Tag): string
  /** @throws MillraceError `config-invalid` on what no schema can tell */
  refuse?(asset: string, options: Options & { readonly name: string }): void
}

type TagState<Own> = {
  trust: Trust
  machine: MachineState
  own: Own
  announced: Announced
  /** The records since the verdict left normal, else the last one. */
  evidence: Evidence[]
}

type Setup<Own, Options> = {
  readonly judge: TagJudge<Own, Options>
  readonly tag: Tag
  readonly places: ReadonlyMap<string, number>
  readonly options: Options & { readonly name: string }
}

/**
 * A kind that watches one tag: it is given the good samples in the order of source time, and everything that makes
 * them "not known" is told here, with its reason.
 */
export function tagKind<Own, Options extends TagOptions>(
  judge: TagJudge<Own, Options>,
): ProcessorKind<Options> {
  return {
    kind: judge.kind,
    options: judge.options,
    create(asset, options) {
      const { name, stateTag } = options
      const tag = tagOf(asset, name, options.tag, 'telemetry')
      judge.refuse?.(asset.id, options)
      const places = new Map([[tag.name, 0]])
      if (stateTag !== undefined) places.set(tagOf(asset, name, stateTag, 'telemetry').name, 1)
      const setup = { judge, tag, places, options }
      return {
        name,
        initial: (): TagState<Own> => ({
          trust: newTrust(),
          machine: newMachineState(),
          own: judge.initial(),
          announced: notAnnounced(),
          evidence: [],
        }),
        step: (state: TagState<Own>, event) => [state, step(state, event, setup)],
      }
    },
  }
}

function step<Own, Options extends TagOptions>(
  state: TagState<Own>,
  event: ProcessorEvent,
  setup: Setup<Own, Options>,
): Output[] {
  if (event.kind !== 'telemetry') return []
  const { judge, tag, options } = setup
  const outputs: Output[] = []
  for (const sample of samplesOf(event.record, setup.places)) {
    const opinion = opinionAfter(state, sample, setup)
    if (opinion === undefined) continue
    const { verdict } = state.announced
    if (verdict === null || verdict === 'normal' || verdict === 'not-known') state.evidence = []
    witness(state.evidence, event.record)
    if (!isDue(state.announced, sample.t, opinion.verdict, options)) continue
    const unit = judge.unit?.(tag) ?? tag.unit ?? ''
    const names = { asset: tag.asset, signal: options.name, processor: judge.kind, unit }
    outputs.push(signalOutput(names, sample.t, opinion, state.evidence))
  }
  return outputs
}

function opinionAfter<Own, Options extends TagOptions>(
  state: TagState<Own>,
  sample: SampleOf,
  { judge, tag, options }: Setup<Own, Options>,
): Opinion | undefined {
  const { trust, machine } = state
  if (sample.at === 1) {
    if (enter(machine, sample, options.stateTag!)) judge.broken(state.own)
    return undefined
  }
  if (trust.t !== null && sample.t < trust.t) return undefined
  const { value, broken, relearn } = take(trust, sample, tag, options)
  if (relearn) state.own = judge.initial()
  else if (broken) judge.broken(state.own)
  if (value === null) return notKnown(trust.why!)
  const unsettled = options.stateTag === undefined ? null : whyUnsettled(machine, sample.t, options)
  if (unsettled !== null) return notKnown(unsettled)
  return judge.judge(state.own, { t: sample.t, value, state: machine.key ?? '' }, tag, options)
}
