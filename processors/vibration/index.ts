import type { Evidence, Micros, Output, Processor, Tag, WaveformBlock } from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { clippedShare, type Shape, shapeOf, whatChanged, whyUnusable } from '../waveform/block.ts'
import { statisticsOf } from '../waveform/statistics.ts'
import { type Bearing, bearingOf, type Fault, type Orders, ordersOf } from './bearing.ts'
import { type Diagnosis, diagnose, whyNotDiagnosable } from './diagnose.ts'
import { refuse, VibrationOptions } from './options.ts'
import type { Named } from './reason.ts'
import { noSpeeds, noteSpeeds, percent, type SpeedState, turnedBlock } from './turning.ts'
import { type Judgement, notKnown, rounded, verdictOf } from './verdict.ts'

export type VibrationState = SpeedState & {
  /** Of the newest block: source time and what must stay the same; older blocks change nothing. */
  t: Micros | null
  shape: Shape | null
  /** Margins of the last blocks that could be diagnosed, oldest first, at most `blocks`. */
  recent: {
    readonly margins: Diagnosis['margins']
    readonly source: string
    readonly epoch: number
    readonly seq: number
  }[]
  /** The last verdict that was known. */
  level: 'normal' | 'warning' | 'alarm'
  /** As last given out. */
  verdict: Judgement['verdict'] | null
  givenOutAt: Micros
}

/** What stays the same for one declared signal. */
type Setup = {
  readonly tag: Tag
  readonly rpmTag: Tag | undefined
  readonly orders: Orders
  readonly options: Named
}

/**
 * Bearing damage from the envelope of vibration blocks: rms, peak, crest, kurtosis, and the margin by which fault
 * frequencies stand over the envelope's noise. The cage frequency is told in the details, it makes no verdict.
 */
export const vibration: ProcessorKind<VibrationOptions> = {
  kind: 'vibration',
  options: VibrationOptions,
  create(asset, options) {
    refuse(asset, options)
    const { name, rpmTag } = options
    const bearing = bearingOf(options.bearing) as Bearing // refused above where it is none
    const setup: Setup = {
      tag: tagOf(asset, name, options.tag, 'waveform'),
      rpmTag: rpmTag === undefined ? undefined : tagOf(asset, name, rpmTag, 'telemetry'),
      orders: ordersOf(bearing),
      options: { ...options, bearing },
    }
    return {
      name,
      initial: newState,
      step(state, event) {
        if (event.kind === 'telemetry') noteSpeeds(state, event.record, setup.rpmTag)
        return [state, event.kind === 'waveform' ? blockStep(state, event.block, setup) : []]
      },
    } satisfies Processor<VibrationState>
  },
}

function newState(): VibrationState {
  return {
    ...noSpeeds(),
    t: null,
    shape: null,
    recent: [],
    level: 'normal',
    verdict: null,
    givenOutAt: 0,
  }
}

function blockStep(state: VibrationState, block: WaveformBlock, setup: Setup): Output[] {
  const { tag, options } = setup
  const isNewer = Number.isSafeInteger(block.t) && (state.t === null || block.t > state.t)
  if (block.tag !== tag.name || !isNewer) return []
  state.t = block.t
  const judgement = judge(state, block, setup)
  if (judgement.verdict !== 'not-known') state.level = judgement.verdict
  const { verdict } = judgement
  if (verdict === state.verdict && block.t < state.givenOutAt + options.everyMs * 1_000) return []
  state.verdict = verdict
  state.givenOutAt = block.t
  return [
    {
      topic: 'signals',
      t: block.t,
      value: {
        v: 1,
        asset: tag.asset,
        signal: options.name,
        processor: 'vibration',
        t: block.t,
        unit: 'dB',
        ...judgement,
        evidence: evidenceOf(state, block),
      },
    },
  ]
}

function judge(state: VibrationState, block: WaveformBlock, setup: Setup): Judgement {
  const problem = whyUnusable(block) ?? whyNotComparable(state, block)
  if (problem !== undefined) return notKnown(`Not diagnosable: ${problem}`)
  const turned = turnedBlock(state, block, setup.rpmTag, setup.options)
  if (typeof turned === 'string') return notKnown(`Not diagnosable: ${turned}`)
  const { samples, rateHz, rpm } = turned
  const { orders, options } = setup
  const tooShort = whyNotDiagnosable(samples.length, rateHz, rpm, orders)
  if (tooShort !== undefined) return notKnown(`Not diagnosable: ${tooShort}`)
  const clipped = clippedShare(block.samples)
  if (clipped > clippedAtMost)
    return notKnown(
      `Not diagnosable: the sensor is at the end of its range in ${percent(clipped)} of the samples, take one for stronger vibration`,
    )
  const diagnosis = diagnose(samples, rateHz, rpm, orders, options.tolerance)
  const { source, epoch, seq } = block
  state.recent.push({ margins: short(diagnosis.margins), source, epoch, seq })
  if (state.recent.length > options.blocks) state.recent.shift()
  const margins = state.recent.map(({ margins }) => margins)
  return verdictOf(margins, diagnosis, statisticsOf(block.samples), rpm, state.level, options)
}

/** Clipping puts harmonics where there are none; so much does no harm to lines that stand 14 dB over the noise. */
const clippedAtMost = 0.001

/** After another unit or rate the sensor is another one, or set otherwise: what was averaged does not count any more. */
function whyNotComparable(state: VibrationState, block: WaveformBlock): string | undefined {
  const change = whatChanged(state.shape, block)
  state.shape = shapeOf(block)
  if (change === undefined) return undefined
  state.recent = []
  state.level = 'normal'
  return `${change}, what was seen before does not count any more`
}

/** Margins as they are kept: the state goes to a changelog. */
function short(margins: Diagnosis['margins']): Diagnosis['margins'] {
  const of = (fault: Fault) => margins[fault].map(margin => rounded(margin))
  return { BPFO: of('BPFO'), BPFI: of('BPFI'), BSF2: of('BSF2') }
}

/** The blocks whose margins were averaged, and this one. */
function evidenceOf({ recent }: VibrationState, block: WaveformBlock): Evidence[] {
  const evidence: Evidence[] = []
  for (const origin of [...recent, block]) witness(evidence, origin)
  return evidence
}
