import type { Signal } from '../../model/index.ts'
import type { Measures } from './measure.ts'
import { boundariesOf, type LevelOptions, limitsOf } from './options.ts'
import { meaningOf, zoneOf } from './zones.ts'

export type Level = 'normal' | 'warning' | 'alarm'
export type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason'> &
  Partial<Pick<Signal, 'limits' | 'details'>>

/** Mean squares of the last blocks, and the figures of the newest one. */
export type Averaged = {
  readonly velocity: number | string
  readonly acceleration: number
  readonly bands: readonly (number | null)[]
  readonly latest: Measures
}

/** Up to this share of samples at the end of the sensor's range, what is missing of them cannot be seen in an RMS. */
const clippedAtMost = 0.001

/** The verdict on the RMS of the last blocks. `level` is where it stood: hysteresis holds on to it. */
export function judge(averaged: Averaged, unit: string, level: Level, options: LevelOptions): Judgement {
  const details = detailsOf(averaged, options)
  const square = options.quantity === 'velocity' ? averaged.velocity : averaged.acceleration
  if (typeof square === 'string') return { ...notKnown(`Not known: ${square}`), details }
  const value = figure(Math.sqrt(square))
  const limits = limitsOf(options)
  const verdict = levelOf(value, limits, level, options.hysteresisShare)
  const { clippedShare } = averaged.latest
  if (clippedShare <= clippedAtMost)
    return { verdict, value, limits, details, reason: reasonOf(value, unit, verdict, '', options) }
  const clipped = `the sensor is at the end of its range in ${figure(100 * clippedShare)} % of the samples`
  if (verdict === 'normal')
    return {
      ...notKnown(`Not known: ${clipped}, the ${options.quantity} is at least ${value} ${unit}`),
      limits,
      details: { ...details, atLeast: value },
    }
  const reason = `${reasonOf(value, unit, verdict, 'at least ', options)}; ${clipped}`
  return { verdict, value, limits, details: { ...details, atLeast: value }, reason }
}

export function notKnown(reason: string): Judgement {
  return { verdict: 'not-known', value: null, reason }
}

function levelOf(
  value: number,
  { warning = Number.POSITIVE_INFINITY, alarm = Number.POSITIVE_INFINITY }: NonNullable<Signal['limits']>,
  level: Level,
  hysteresis: number,
): Level {
  if (value > alarm * (level === 'alarm' ? 1 - hysteresis : 1)) return 'alarm'
  return value > warning * (level === 'normal' ? 1 : 1 - hysteresis) ? 'warning' : 'normal'
}

function reasonOf(
  value: number,
  unit: string,
  verdict: Level,
  atLeast: string,
  options: LevelOptions,
): string {
  const limits = limitsOf(options)
  const limit = verdict === 'normal' ? undefined : (limits[verdict] ?? limits.alarm)
  if (options.quantity === 'acceleration') {
    const now = `Acceleration is ${atLeast}${value} ${unit} RMS`
    if (limit !== undefined) return `${now}, ${beyond(value, limit, verdict)} of ${limit} ${unit}`
    return limits.warning === undefined && limits.alarm === undefined ? now : `${now}, within its limits`
  }
  const zone = zoneOf(value, boundariesOf(options))
  const now = `Velocity is ${atLeast}${value} mm/s RMS from ${options.lowHz} to ${options.highHz} Hz`
  if (options.warning === undefined && options.alarm === undefined)
    return `${now}: ${zoneText(zone, options)}`
  return limit === undefined
    ? `${now}, within its limits`
    : `${now}, ${beyond(value, limit, verdict)} of ${limit} mm/s`
}

function beyond(value: number, limit: number, verdict: Level): string {
  return `${value > limit ? 'above' : 'not yet clear of'} its ${verdict} limit`
}

function zoneText(
  zone: keyof typeof meaningOf,
  { machineGroup, foundation, zonesMmS }: LevelOptions,
): string {
  const machine = zonesMmS
    ? 'by the declared zones'
    : `${machineGroup.replace('-', ' ')}, ${foundation} foundation`
  return `zone ${zone}, ${meaningOf[zone]} (ISO 20816-3, ${machine})`
}

function detailsOf(
  { velocity, acceleration, bands, latest }: Averaged,
  options: LevelOptions,
): NonNullable<Signal['details']> {
  const mmS = typeof velocity === 'string' ? null : figure(Math.sqrt(velocity))
  return {
    velocityRmsMmS: mmS,
    ...(mmS !== null && { zone: zoneOf(mmS, boundariesOf(options)) }),
    accelerationRms: figure(Math.sqrt(acceleration)),
    peak: figure(latest.peak),
    crest: figure(latest.crest),
    kurtosis: figure(latest.kurtosis),
    ...Object.fromEntries(
      options.bands.map(({ name }, i) => {
        const square = bands[i] ?? null
        return [`band.${name}`, square === null ? null : figure(Math.sqrt(square))]
      }),
    ),
    ...(latest.clippedShare > 0 && { clippedShare: figure(latest.clippedShare) }),
  }
}

/** Five digits: more would only make records longer. */
function figure(value: number): number {
  return Number(value.toPrecision(5))
}
