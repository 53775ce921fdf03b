import type { Micros, Output, Processor, ProcessorEvent, Signal, Tag } from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { readingsOf } from '../readings.ts'
import { type Judgement, judge, type LimitsState } from './judge.ts'
import { LimitsOptions, refuseCrossed } from './options.ts'

type Named = LimitsOptions & { readonly name: string }

/** Compares a tag with limits, with hysteresis, and delay in source time. A bad or non-numeric sample is "not known". */
export const limits: ProcessorKind<LimitsOptions> = {
  kind: 'limits',
  options: LimitsOptions,
  create(asset, options) {
    const tag = tagOf(asset, options.name, options.tag, 'telemetry')
    refuseCrossed(asset, options)
    return {
      name: options.name,
      initial: newState,
      step: (state, event) => [state, step(state, event, tag, options)],
    } satisfies Processor<LimitsState>
  },
}

function newState(): LimitsState {
  return {
    verdict: null,
    level: 'normal',
    warningSince: null,
    alarmSince: null,
    t: null,
    givenOutAt: 0,
    evidence: [],
  }
}

function step(state: LimitsState, event: ProcessorEvent, tag: Tag, options: Named): Output[] {
  if (event.kind !== 'telemetry') return []
  const outputs: Output[] = []
  for (const reading of readingsOf(event.record, tag.name)) {
    const { t } = reading
    if (state.t !== null && t < state.t) continue
    state.t = t
    const wasBeyond = isBeyond(state)
    const judgement = judge(state, reading, tag, options)
    if (!wasBeyond || !isBeyond(state)) state.evidence = []
    witness(state.evidence, event.record)
    if (judgement.verdict === state.verdict && t < state.givenOutAt + options.everyMs * 1_000) continue
    state.verdict = judgement.verdict
    state.givenOutAt = t
    outputs.push({ topic: 'signals', t, value: signalOf(state, t, judgement, tag, options.name) })
  }
  return outputs
}

function isBeyond({ warningSince, alarmSince }: LimitsState): boolean {
  return warningSince !== null || alarmSince !== null
}

function signalOf(state: LimitsState, t: Micros, judgement: Judgement, tag: Tag, name: string): Signal {
  return {
    v: 1,
    asset: tag.asset,
    signal: name,
    processor: 'limits',
    t,
    unit: tag.unit ?? '',
    ...judgement,
    evidence: structuredClone(state.evidence),
  }
}
