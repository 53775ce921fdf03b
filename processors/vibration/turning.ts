import type { Micros, Tag, TelemetryRecord, WaveformBlock } from '../../model/index.ts'
import { numberOf, readingsOf } from '../readings.ts'
import { atEqualAngles, type Turned } from './angle.ts'
import type { Named } from './reason.ts'
import { type SpeedReading, speedBetween, withReadings } from './speed.ts'

export type SpeedState = {
  /** The speeds told by rpmTag, as far back as a block may reach. */
  speeds: SpeedReading[]
  /** How long speeds are kept before the newest: twice the longest block. */
  keepMicros: Micros
}

/** Speeds kept before any block has told how long blocks are. */
const keptAtFirst = 10_000_000

export function noSpeeds(): SpeedState {
  return { speeds: [], keepMicros: keptAtFirst }
}

/** Keeps what the record tells of the speed. */
export function noteSpeeds(state: SpeedState, record: TelemetryRecord, rpmTag: Tag | undefined): void {
  if (rpmTag === undefined) return
  const more = readingsOf(record, rpmTag.name).map(reading => ({
    t: reading.t,
    rpm: numberOf(reading, rpmTag),
  }))
  if (more.length > 0) state.speeds = withReadings(state.speeds, more, state.keepMicros)
}

/** The block with its speed, at equal angles where that changed; or why its speed is not known. */
export function turnedBlock(
  state: SpeedState,
  { t, samples, rateHz }: WaveformBlock,
  rpmTag: Tag | undefined,
  options: Named,
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

export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`
}
