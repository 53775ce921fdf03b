import {
  type Evidence,
  type Micros,
  type Output,
  type Processor,
  qualityOf,
  type Tag,
  type TelemetryRecord,
  type WaveformBlock,
} from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { numberOf, readingsOf } from '../readings.ts'
import { type Fault, type Orders, ordersOf } from './bearing.ts'
import { type Diagnosis, diagnose, whyNotDiagnosable } from './diagnose.ts'
import { refuse, VibrationOptions } from './options.ts'
import { statisticsOf } from './statistics.ts'
import { type Judgement, notKnown, rounded, verdictOf } from './verdict.ts'

type Named = VibrationOptions & { readonly name: string }

export type VibrationState = {
  /** The speed as last told by rpmTag, or why it is not known; null before it told any. */
  speed: { readonly t: Micros; readonly rpm: number | string } | null
  /** Source time of the newest block; older ones change nothing. */
  t: Micros | null
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
    const setup: Setup = {
      tag: tagOf(asset, name, options.tag, 'waveform'),
      rpmTag: rpmTag === undefined ? undefined : tagOf(asset, name, rpmTag, 'telemetry'),
      orders: ordersOf(options.bearing),
      options,
    }
    return {
      name,
      initial: newState,
      step(state, event) {
        if (event.kind === 'telemetry') noteSpeed(state, event.record, setup)
        return [state, event.kind === 'waveform' ? blockStep(state, event.block, setup) : []]
      },
    } satisfies Processor<VibrationState>
  },
}

function newState(): VibrationState {
  return { speed: null, t: null, recent: [], level: 'normal', verdict: null, givenOutAt: 0 }
}

function noteSpeed(state: VibrationState, record: TelemetryRecord, { rpmTag }: Setup): void {
  if (rpmTag === undefined) return
  const reading = readingsOf(record, rpmTag.name).at(-1)
  if (reading === undefined || (state.speed !== null && reading.t < state.speed.t)) return
  state.speed = { t: reading.t, rpm: numberOf(reading, rpmTag) }
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

function judge(state: VibrationState, block: WaveformBlock, { rpmTag, orders, options }: Setup): Judgement {
  const rpm =
    rpmTag === undefined ? options.rpm! : (state.speed?.rpm ?? `${rpmTag.name} has told no speed yet`)
  if (typeof rpm === 'string') return notKnown(`Not diagnosable: ${rpm}`)
  const problem =
    problemOf(block) ?? whyNotDiagnosable(block.samples.length, block.rateHz, Math.abs(rpm), orders)
  if (problem !== undefined) return notKnown(`Not diagnosable: ${problem}`)
  const statistics = statisticsOf(block.samples)
  if (!Number.isFinite(statistics.kurtosis))
    return notKnown('Not diagnosable: the block holds samples that are not finite')
  if (statistics.rms === 0)
    return notKnown('Not diagnosable: all samples of the block are the same, check sensor and cable')
  const diagnosis = diagnose(block.samples, block.rateHz, Math.abs(rpm), orders, options.tolerance)
  const { source, epoch, seq } = block
  state.recent.push({ margins: short(diagnosis.margins), source, epoch, seq })
  if (state.recent.length > options.blocks) state.recent.shift()
  const margins = state.recent.map(({ margins }) => margins)
  return verdictOf(margins, diagnosis, statistics, Math.abs(rpm), state.level, options)
}

function problemOf({ status, rateHz }: WaveformBlock): string | undefined {
  if (qualityOf(status) !== 'good') return `the block is of ${qualityOf(status)} quality`
  return rateHz > 0 && Number.isFinite(rateHz) ? undefined : `the block has the sample rate ${rateHz}`
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
