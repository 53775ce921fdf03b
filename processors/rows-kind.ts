import type { TObject, TProperties } from 'typebox'
import type { Evidence, Micros, Output, ProcessorEvent, Tag } from '../model/index.ts'
import { type Announced, isDue, notAnnounced, notKnown, type Opinion, signalOutput } from './announce.ts'
import { tagOf } from './asset-tag.ts'
import type { ProcessorKind } from './contract.ts'
import { witness } from './evidence.ts'
import { enter, type MachineState, newMachineState, whyUnsettled } from './machine-state.ts'
import { bySourceTime, newRows, type Rows, rowDue, takeSample, whyNoRow } from './rows.ts'
import { type SampleOf, samplesOf } from './samples.ts'

/** What every kind that puts tags side by side has among its options. */
export type RowsOptions = {
  readonly tags: readonly string[]
  readonly stateTag?: string
  readonly settleMs: number
  readonly stepMs: number
  readonly gapMs: number
  readonly everyMs: number
}

/** One value a tag, in the state the machine is in ("" where none is given). */
export type Row = { readonly t: Micros; readonly values: readonly number[]; readonly state: string }

/** What is particular to a kind. `Own` is plain JSON data. */
export type RowsJudge<Own, Options> = {
  readonly kind: string
  readonly options: TObject<TProperties>
  readonly unit: string
  initial(): Own
  judge(own: Own, row: Row, tags: readonly Tag[], options: Options & { readonly name: string }): Opinion
}

type RowsState<Own> = {
  rows: Rows
  machine: MachineState
  own: Own
  announced: Announced
  /** The records since the last signal, or since it warns. */
  evidence: Evidence[]
}

type Setup<Own, Options> = {
  readonly judge: RowsJudge<Own, Options>
  readonly tags: readonly Tag[]
  readonly places: ReadonlyMap<string, number>
  readonly options: Options & { readonly name: string }
}

/** A kind that judges several tags together. A row is known where every one of them is. */
export function rowsKind<Own, Options extends RowsOptions>(
  judge: RowsJudge<Own, Options>,
): ProcessorKind<Options> {
  return {
    kind: judge.kind,
    options: judge.options,
    create(asset, options) {
      const { name, stateTag } = options
      const tags = options.tags.map(tag => tagOf(asset, name, tag, 'telemetry'))
      const places = new Map(tags.map((tag, at) => [tag.name, at]))
      if (stateTag !== undefined) places.set(tagOf(asset, name, stateTag, 'telemetry').name, tags.length)
      const setup = { judge, tags, places, options }
      return {
        name,
        initial: (): RowsState<Own> => ({
          rows: newRows(tags),
          machine: newMachineState(),
          own: judge.initial(),
          announced: notAnnounced(),
          evidence: [],
        }),
        step: (state: RowsState<Own>, event) => [state, step(state, event, setup)],
      }
    },
  }
}

function step<Own, Options extends RowsOptions>(
  state: RowsState<Own>,
  event: ProcessorEvent,
  setup: Setup<Own, Options>,
): Output[] {
  if (event.kind !== 'telemetry') return []
  const { judge, options } = setup
  const outputs: Output[] = []
  for (const group of bySourceTime(samplesOf(event.record, setup.places))) {
    const opinion = opinionAfter(state, group, setup)
    if (opinion === undefined) continue
    const t = state.rows.t!
    witness(state.evidence, event.record)
    if (!isDue(state.announced, t, opinion.verdict, options)) continue
    const { asset } = event.record
    const names = { asset, signal: options.name, processor: judge.kind, unit: judge.unit }
    outputs.push(signalOutput(names, t, opinion, state.evidence))
    if (opinion.verdict === 'normal' || opinion.verdict === 'not-known') state.evidence = []
  }
  return outputs
}

/** What is to be said after samples of one source time; nothing where no row is due. */
function opinionAfter<Own, Options extends RowsOptions>(
  state: RowsState<Own>,
  group: readonly SampleOf[],
  { judge, tags, options }: Setup<Own, Options>,
): Opinion | undefined {
  const { rows, machine } = state
  if (group[0]!.t < (rows.t ?? Number.NEGATIVE_INFINITY)) return undefined
  for (const sample of group) {
    if (sample.at === tags.length) enter(machine, sample, options.stateTag!)
    else if (takeSample(rows, sample, tags[sample.at]!, options)) state.own = judge.initial()
  }
  if (rows.t === null) return undefined
  const unsettled = options.stateTag === undefined ? null : whyUnsettled(machine, rows.t, options)
  const why = whyNoRow(rows, tags, options) ?? unsettled
  if (why !== null) return notKnown(why)
  if (!rowDue(rows, options)) return undefined
  return judge.judge(state.own, { t: rows.t, values: rows.values, state: machine.key ?? '' }, tags, options)
}
