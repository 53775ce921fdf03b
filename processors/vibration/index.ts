import type {
  Evidence,
  Micros,
  Output,
  Processor,
  Tag,
  TelemetryRecord,
  WaveformBlock,
} from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { numberOf, readingsOf } from '../readings.ts'
import { clippedShare, type Shape, shapeOf, whatChanged, whyUnusable } from '../waveform/block.ts'
import { statisticsOf } from '../waveform/statistics.ts'
import { atEqualAngles, type Turned } from './angle.ts'
import { type Bearing, bearingOf, type Fault, type Orders, ordersOf } from './bearing.ts'
import { type Diagnosis, diagnose, whyNotDiagnosable } from './diagnose.ts'
import { refuse, VibrationOptions } from './options.ts'
import type { Named } from './reason.ts'
import { type SpeedReading, speedBetween, withReadings } from './speed.ts'
import { type Judgement, notKnown, rounded, verdictOf } from './verdict.ts'

export type VibrationState = {
  /** The speeds told by rpmTag, as far back as a block may reach. */
  speeds: SpeedReading[]
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
  /** How long speeds are kept before the newest: twice the longest block. */
  keepMicros: Micros
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
        if (event.kind === 'telemetry') noteSpeeds(state, event.record, setup)
        return [state, event.kind === 'waveform' ? blockStep(state, event.block, setup) : []]
      },
    } satisfies Processor<VibrationState>
  },
}

/** Speeds kept before any block has told how long blocks are. */
const keptAtFirst = 10_000_000

function newState(): VibrationState {
  return {
    speeds: [],
    t: null,
    shape: null,
    recent: [],
    keepMicros: keptAtFirst,
    level: 'normal',
    verdict: null,
    givenOutAt: 0,
  }
}

function noteSpeeds(state: VibrationState, record: TelemetryRecord, { rpmTag }: Setup): void {
  if (rpmTag === undefined) return
  const more = readingsOf(record, rpmTag.name).map(reading => ({
    t: reading.t,
    rpm: numberOf(reading, rpmTag),
  }))
  if (more.length > 0) state.speeds = withReadings(state.speeds, more, state.keepMicros)
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
  const turned = turnedBlock(state, block, setup)
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

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`
}

/** After another unit or rate the sensor is another one, or set otherwise: what was averaged does not count any more. */
function whyNotComparable(state: VibrationState, block: WaveformBlock): string | undefined {
  const change = whatChanged(state.shape, block)
  state.shape = shapeOf(block)
  if (change === undefined) return undefined
  state.recent = []
  state.level = 'normal'
  return `${change}, what was seen before does not count any more`
}

/** The block with its speed, at equal angles where that changed; or why its speed is not known. */
function turnedBlock(
  state: VibrationState,
  { t, samples, rateHz }: WaveformBlock,
  { rpmTag, options }: Setup,
): Turned | string {
  if (rpmTag === undefined) return { samples, rateHz, rpm: options.rpm! }
  const micros = Math.round((samples.length / rateHz) * 1e6)
  state.keepMicros = Math.max(state.keepMicros, 2 * micros)
  const start = options.stampedAt === 'end' ? t - micros : t
  const speed = speedBetween(state.speeds, start, start + micros, rpmTag.name)
  if (typeof speed === 'string') return speed
  const ageMs = (start - speed.readings.at(-1)!.t) / 1_000
  if (ageMs > (options.rpmMaxAgeMs ?? Number.POSITIVE_INFINITY))
    return `${rpmTag.name} was last told ${Math.round(ageMs / 1_000)} s before the block`
  if (speed.change > options.maxSpeedChange)
    return `the speed changes by ${percent(speed.change)} within the block`
  if (speed.change <= options.steadyShare) return { samples, rateHz, rpm: speed.rpm }
  return atEqualAngles(samples, rateHz, start, speed)
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
