import {
  type Evidence,
  MillraceError,
  type Output,
  type ProcessorEvent,
  type Tag,
} from '../../model/index.ts'
import { type Announced, isDue, notAnnounced, notKnown, type Opinion, signalOutput } from '../announce.ts'
import { tagOf } from '../asset-tag.ts'
import { type Budget, newBudget, pass, raise, thresholdOf } from '../budget.ts'
import type { ProcessorAsset, ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { enter, type MachineState, newMachineState, whyUnsettled } from '../machine-state.ts'
import { type SampleOf, samplesOf } from '../samples.ts'
import { whyNot } from '../trust.ts'
import { AnomalyOptions } from './options.ts'
import { reasonOf } from './reason.ts'
import { dropStep, newWatch, type Watch, watchSample } from './watch.ts'

/** Plain and bounded: about 2 kB a tag and state of the machine. */
type AnomalyState = {
  watches: Watch[]
  machine: MachineState
  budget: Budget
  announced: Announced
  /** The records since the last step, or since the alarm began. */
  evidence: Evidence[]
}

type Setup = {
  readonly tags: readonly Tag[]
  readonly places: ReadonlyMap<string, number>
  readonly options: AnomalyOptions & { readonly name: string }
}

/**
 * Tells when a tag does what it has not done before: level, step, noise, time of day and trend are each ranked among
 * their own past, and an anomaly is where two of them are rare at once. Nothing is set but how often it may be wrong.
 */
export const anomaly: ProcessorKind<AnomalyOptions> = {
  kind: 'anomaly',
  options: AnomalyOptions,
  create(asset, options) {
    const setup = setupOf(asset, options)
    return {
      name: options.name,
      initial: (): AnomalyState => ({
        watches: setup.tags.map(newWatch),
        machine: newMachineState(),
        budget: newBudget(),
        announced: notAnnounced(),
        evidence: [],
      }),
      step: (state: AnomalyState, event) => [state, step(state, event, setup)],
    }
  },
}

function setupOf(asset: ProcessorAsset, options: Setup['options']): Setup {
  const { name, stateTag } = options
  const all = asset.tags.filter(tag => tag.class === 'telemetry' && tag.unit !== undefined)
  const tags = options.tags?.map(tag => tagOf(asset, name, tag, 'telemetry')) ?? all
  if (tags.length === 0)
    throw new MillraceError('config-invalid', `${asset.id}, signal ${name}: no telemetry tag has a unit`, {
      hint: 'Name the tags to be watched in tags: [...]',
    })
  const places = new Map(tags.map((tag, at) => [tag.name, at]))
  if (stateTag !== undefined) places.set(tagOf(asset, name, stateTag, 'telemetry').name, tags.length)
  return { tags, places, options }
}

function step(state: AnomalyState, event: ProcessorEvent, setup: Setup): Output[] {
  if (event.kind !== 'telemetry') return []
  const outputs: Output[] = []
  for (const sample of samplesOf(event.record, setup.places)) {
    const opinion = opinionAfter(state, sample, setup)
    if (opinion === undefined) continue
    witness(state.evidence, event.record)
    if (!isDue(state.announced, sample.t, opinion.verdict, setup.options)) continue
    const names = { asset: event.record.asset, signal: setup.options.name, processor: 'anomaly', unit: '1' }
    outputs.push(signalOutput(names, sample.t, opinion, state.evidence))
    if (!state.budget.raised) state.evidence = []
  }
  return outputs
}

/** What is to be said after the sample; nothing where it is older than the last one, or only added to a step. */
function opinionAfter(state: AnomalyState, sample: SampleOf, setup: Setup): Opinion | undefined {
  const { machine, watches } = state
  const { tags, options } = setup
  if (sample.at === tags.length) {
    if (enter(machine, sample, options.stateTag!)) for (const watch of watches) dropStep(watch)
    return undefined
  }
  const watch = watches[sample.at]!
  if (watch.trust.t !== null && sample.t < watch.trust.t) return undefined
  const unsettled = options.stateTag === undefined ? null : whyUnsettled(machine, sample.t, options)
  if (unsettled !== null) {
    dropStep(watch)
    watch.trust.t = sample.t
    return notKnown(unsettled)
  }
  const judged = watchSample(watch, sample, tags[sample.at]!, machine.key ?? '', options)
  return judged || watch.trust.why !== null ? opinionOf(state, sample.t, judged, setup) : undefined
}

function opinionOf(state: AnomalyState, t: number, judged: boolean, { tags, options }: Setup): Opinion {
  const { watches, budget } = state
  if (judged && budget.t !== t) pass(budget, t)
  const threshold = thresholdOf(budget, tags.length, options)
  let strangest = -1
  let rarity = Number.NEGATIVE_INFINITY
  const unknown: string[] = []
  for (const [at, watch] of watches.entries()) {
    const why = whyNot(watch.trust, t, tags[at]!, options) ?? watch.why
    if (why !== null) unknown.push(why)
    else if (watch.last !== null && watch.last.rarity > rarity) {
      strangest = at
      rarity = watch.last.rarity
    }
  }
  if (strangest < 0) return notKnown(unknown[0] ?? 'no step has been judged yet')
  const raised = judged ? raise(budget, t, rarity >= threshold, options) : budget.raised
  return told(watches[strangest]!.last!, tags[strangest]!, threshold, raised, unknown)
}

/** The value is 0.5 at the threshold; below that while a greater one is held back. */
function told(
  last: NonNullable<Watch['last']>,
  tag: Tag,
  threshold: number,
  raised: boolean,
  unknown: readonly string[],
): Opinion {
  const score = Math.max(0, last.rarity) / (Math.max(0, last.rarity) + threshold)
  const held = !raised && score >= 0.5
  const but = unknown.length > 0 ? `; not known: ${unknown.join('; ')}` : ''
  const heldText = held ? '; held back so soon after the last alarm' : ''
  return {
    verdict: raised ? 'warning' : 'normal',
    value: held ? 0.499 : score,
    limits: { warning: 0.5 },
    reason: () => reasonOf(tag, last) + heldText + but,
    details: { tag: tag.name, question: last.question, rarity: last.rarity, threshold },
  }
}
