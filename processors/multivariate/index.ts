import type { Evidence, Output, ProcessorEvent, Tag } from '../../model/index.ts'
import { type Announced, isDue, notAnnounced, notKnown, type Opinion, signalOutput } from '../announce.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { enter, type MachineState, newMachineState, whyUnsettled } from '../machine-state.ts'
import { bySourceTime, newRows, type Rows, rowDue, takeSample, whyNoRow } from '../rows.ts'
import { type SampleOf, samplesOf } from '../samples.ts'
import { judgeRow, type Known } from './judge.ts'
import { MultivariateOptions } from './options.ts'

/** Plain and bounded: for eight tags about 3 kB a state of the machine, twice that while it is learned. */
type MultivariateState = {
  rows: Rows
  machine: MachineState
  known: Known[]
  announced: Announced
  /** The records since the last signal, or since it warns. */
  evidence: Evidence[]
}

type Setup = {
  readonly tags: readonly Tag[]
  readonly places: ReadonlyMap<string, number>
  readonly options: MultivariateOptions & { readonly name: string }
}

/**
 * Tells when tags no longer go together, or have left their level: every tag is compared with what the others tell of
 * it, learned in the plant, and the reason names the tags that are off.
 */
export const multivariate: ProcessorKind<MultivariateOptions> = {
  kind: 'multivariate',
  options: MultivariateOptions,
  create(asset, options) {
    const { name, stateTag } = options
    const tags = options.tags.map(tag => tagOf(asset, name, tag, 'telemetry'))
    const places = new Map(tags.map((tag, at) => [tag.name, at]))
    if (stateTag !== undefined) places.set(tagOf(asset, name, stateTag, 'telemetry').name, tags.length)
    const setup = { tags, places, options }
    return {
      name,
      initial: (): MultivariateState => ({
        rows: newRows(tags),
        machine: newMachineState(),
        known: [],
        announced: notAnnounced(),
        evidence: [],
      }),
      step: (state: MultivariateState, event) => [state, step(state, event, setup)],
    }
  },
}

function step(state: MultivariateState, event: ProcessorEvent, setup: Setup): Output[] {
  if (event.kind !== 'telemetry') return []
  const { options } = setup
  const outputs: Output[] = []
  for (const group of bySourceTime(samplesOf(event.record, setup.places))) {
    const opinion = opinionAfter(state, group, setup)
    if (opinion === undefined) continue
    const t = state.rows.t!
    witness(state.evidence, event.record)
    if (!isDue(state.announced, t, opinion.verdict, options)) continue
    const names = {
      asset: event.record.asset,
      signal: options.name,
      processor: 'multivariate',
      unit: 'sigma',
    }
    outputs.push(signalOutput(names, t, opinion, state.evidence))
    if (opinion.verdict !== 'warning') state.evidence = []
  }
  return outputs
}

/** What is to be said after samples of one source time; nothing where no row is due. */
function opinionAfter(
  state: MultivariateState,
  group: readonly SampleOf[],
  setup: Setup,
): Opinion | undefined {
  const { rows, machine } = state
  const { tags, options } = setup
  const before = rows.t ?? Number.NEGATIVE_INFINITY
  if (group[0]!.t < before) return undefined
  for (const sample of group) {
    if (sample.at === tags.length) enter(machine, sample, options.stateTag!)
    else if (takeSample(rows, sample, tags[sample.at]!, options)) state.known = []
  }
  const why = whyNoRow(rows, tags, options) ?? unsettled(state, setup)
  if (why !== null) return rows.t === null ? undefined : notKnown(why)
  if (!rowDue(rows, options)) return undefined
  return judgeRow(state.known, machine.key ?? '', rows.t!, rows.values, tags, options)
}

function unsettled({ rows, machine }: MultivariateState, { options }: Setup): string | null {
  return options.stateTag === undefined || rows.t === null ? null : whyUnsettled(machine, rows.t, options)
}
