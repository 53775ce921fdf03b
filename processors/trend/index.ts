import type { Output, Processor, Signal } from '../../model/index.ts'
import type { ProcessorAsset, ProcessorKind } from '../contract.ts'
import { witnessAll } from '../evidence.ts'
import { emptyBaseline, learn, sigmaOf } from './baseline.ts'
import { follow, isBeyond, type TrendState } from './follow.ts'
import { refuse, TrendOptions } from './options.ts'
import { type Judgement, judged, type Named, notKnown } from './reason.ts'

/**
 * Another signal against what it was at first: a moving average (EWMA) that leaves the baseline by so many standard
 * deviations, for so many values in a row. For what grows slowly, and has no limit that holds for every machine.
 */
export const trend: ProcessorKind<TrendOptions> = {
  kind: 'trend',
  options: TrendOptions,
  create(asset, options) {
    refuse(asset, options)
    return {
      name: options.name,
      initial: newState,
      step: (state, event) => {
        const isFollowed = event.kind === 'signal' && event.signal.signal === options.ofSignal
        return [state, isFollowed ? signalStep(state, event.signal, asset, options) : []]
      },
    } satisfies Processor<TrendState>
  },
}

function newState(): TrendState {
  return { t: null, unit: null, ...unlearned(), verdict: null, givenOutAt: 0, evidence: [] }
}

/** As before the first value. */
function unlearned() {
  return {
    baseline: emptyBaseline(),
    average: null,
    warning: { slow: 0, fast: 0 },
    alarm: { slow: 0, fast: 0 },
    clear: 0,
    level: 'normal' as const,
    quietUntil: 0,
  }
}

function signalStep(state: TrendState, signal: Signal, asset: ProcessorAsset, options: Named): Output[] {
  if (state.t !== null && signal.t <= state.t) return []
  state.t = signal.t
  const wasBeyond = isBeyond(state)
  const unit = options.ofDetail === undefined ? signal.unit : ''
  const judgement = judge(state, signal, unit, options)
  if (!wasBeyond || !isBeyond(state)) state.evidence = []
  witnessAll(state.evidence, signal.evidence)
  const { verdict } = judgement
  if (verdict === state.verdict && signal.t < state.givenOutAt + options.everyMs * 1_000) return []
  state.verdict = verdict
  state.givenOutAt = signal.t
  const about = { asset: asset.id, signal: options.name, processor: 'trend', t: signal.t, unit }
  const evidence = structuredClone(state.evidence)
  return [{ topic: 'signals', t: signal.t, value: { v: 1, ...about, ...judgement, evidence } }]
}

function judge(state: TrendState, signal: Signal, unit: string, options: Named): Judgement {
  const { ofSignal, baselineValues } = options
  if (state.unit !== null && state.unit !== signal.unit) {
    const change = `the unit of ${ofSignal} changed from "${state.unit}" to "${signal.unit}"`
    Object.assign(state, unlearned(), { unit: signal.unit })
    return notKnown(`Not known: ${change}, the baseline is learned anew`)
  }
  state.unit = signal.unit
  const value = followedValue(state, signal, options)
  if (typeof value === 'string') return notKnown(value)
  if (state.baseline.count < baselineValues) return learning(state, value, signal, options)
  const sigma = sigmaOf(state.baseline, options.leastSigmaShare)
  if (sigma === 0)
    return notKnown(`Not known: ${ofSignal} did not move while its baseline was learned, check its tag`)
  const followed = follow(state, value, signal.t, options)
  return judged(state, value, followed, unit, options)
}

/** The number that is followed, or why it is not known. A lower bound is enough where it is beyond a limit. */
function followedValue(state: TrendState, signal: Signal, options: Named): number | string {
  const { ofSignal, ofDetail } = options
  const value = ofDetail === undefined ? signal.value : signal.details?.[ofDetail]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const { mean, count } = state.baseline
  const atLeast = ofDetail === undefined && options.side === 'above' ? signal.details?.atLeast : undefined
  const isLearned = count >= options.baselineValues
  if (isLearned && typeof atLeast === 'number') {
    const limit = mean + options.warningSigma * sigmaOf(state.baseline, options.leastSigmaShare)
    if (atLeast > limit) return atLeast
  }
  if (ofDetail !== undefined && signal.value !== null)
    return `Not known: ${ofSignal} has no number "${ofDetail}" among its details`
  return `Not known: ${ofSignal} is not. ${signal.reason}`
}

/** A value beyond its own limits is no baseline. */
function learning(state: TrendState, value: number, { verdict }: Signal, options: Named): Judgement {
  const { ofSignal, baselineValues } = options
  const isSound = verdict === 'normal'
  if (isSound) learn(state.baseline, value)
  const { count } = state.baseline
  const progress = `the baseline of ${ofSignal} is being learned, ${count} of ${baselineValues} values`
  return notKnown(
    isSound
      ? `Not known yet: ${progress}`
      : `Not known yet: ${progress}; this one is beyond its own limits and does not count`,
  )
}
