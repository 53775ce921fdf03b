import type { Evidence, Micros, Output, Processor, Tag, WaveformBlock } from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { type Origin, witness } from '../evidence.ts'
import { type Shape, shapeOf, whatChanged, whyUnusable } from '../waveform/block.ts'
import { type Averaged, type Judgement, judge, type Level, notKnown } from './judge.ts'
import { type Measures, measure } from './measure.ts'
import { LevelOptions, refuse } from './options.ts'

type Named = LevelOptions & { readonly name: string }

/** What is averaged of one block, and which it was. */
type Past = Pick<Measures, 'velocity' | 'acceleration' | 'bands'> & Origin

export type LevelState = {
  /** Of the newest block; older ones change nothing. */
  t: Micros | null
  shape: Shape | null
  /** The last blocks that could be measured, oldest first, at most `blocks`. */
  recent: Past[]
  /** The last verdict that was known. */
  level: Level
  /** As last given out. */
  verdict: Judgement['verdict'] | null
  givenOutAt: Micros
}

/** How strong a machine vibrates: velocity by the zones of ISO 20816-3, acceleration, and what tells their shape. */
export const vibrationLevel: ProcessorKind<LevelOptions> = {
  kind: 'vibration-level',
  options: LevelOptions,
  create(asset, options) {
    const tag = tagOf(asset, options.name, options.tag, 'waveform')
    refuse(tag, options)
    return {
      name: options.name,
      initial: newState,
      step: (state, event) => [
        state,
        event.kind === 'waveform' ? blockStep(state, event.block, tag, options) : [],
      ],
    } satisfies Processor<LevelState>
  },
}

function newState(): LevelState {
  return { t: null, shape: null, recent: [], level: 'normal', verdict: null, givenOutAt: 0 }
}

function blockStep(state: LevelState, block: WaveformBlock, tag: Tag, options: Named): Output[] {
  const isNewer = Number.isSafeInteger(block.t) && (state.t === null || block.t > state.t)
  if (block.tag !== tag.name || !isNewer) return []
  state.t = block.t
  const unit = options.quantity === 'velocity' ? 'mm/s' : block.unit
  const judgement = judgeBlock(state, block, unit, options)
  if (judgement.verdict !== 'not-known') state.level = judgement.verdict
  const { verdict } = judgement
  if (verdict === state.verdict && block.t < state.givenOutAt + options.everyMs * 1_000) return []
  state.verdict = verdict
  state.givenOutAt = block.t
  const about = { asset: tag.asset, signal: options.name, processor: 'vibration-level', t: block.t, unit }
  const evidence = evidenceOf(state, block)
  return [{ topic: 'signals', t: block.t, value: { v: 1, ...about, ...judgement, evidence } }]
}

function judgeBlock(state: LevelState, block: WaveformBlock, unit: string, options: Named): Judgement {
  const unusable = whyUnusable(block) ?? (block.samples.length < 2 ? 'the block is empty' : undefined)
  if (unusable !== undefined) return notKnown(`Not known: ${unusable}`)
  const change = whatChanged(state.shape, block)
  state.shape = shapeOf(block)
  if (change !== undefined) {
    state.recent = []
    state.level = 'normal'
    return notKnown(`Not known: ${change}, what was seen before does not count any more`)
  }
  const latest = measure(block, options)
  const { source, epoch, seq } = block
  const { velocity, acceleration, bands } = latest
  state.recent.push({ velocity, acceleration, bands, source, epoch, seq })
  if (state.recent.length > options.blocks) state.recent.shift()
  if (state.recent.length < options.blocks)
    return notKnown(`Not known yet: ${state.recent.length} of ${options.blocks} blocks`)
  return judge(averageOf(state.recent, latest), unit, state.level, options)
}

function averageOf(recent: readonly Past[], latest: Measures): Averaged {
  const unknown = recent.map(({ velocity }) => velocity).find(velocity => typeof velocity === 'string')
  return {
    velocity: unknown ?? mean(recent.map(({ velocity }) => velocity as number)),
    acceleration: mean(recent.map(({ acceleration }) => acceleration)),
    bands: latest.bands.map((square, i) =>
      square === null ? null : mean(recent.map(({ bands }) => bands[i] ?? 0)),
    ),
    latest,
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The blocks that were averaged, and this one. */
function evidenceOf({ recent }: LevelState, block: WaveformBlock): Evidence[] {
  const evidence: Evidence[] = []
  for (const origin of [...recent, block]) witness(evidence, origin)
  return evidence
}
