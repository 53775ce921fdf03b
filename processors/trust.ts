import { type Static, Type } from 'typebox'
import type { Micros, Tag } from '../model/index.ts'
import { numberOf, type Reading } from './readings.ts'
import { type Change, compare, newSignature, type Signature } from './signature.ts'

/** What a processor must know of a tag's samples before it computes with the next one. */
export type Trust = {
  /** Source time of the newest sample. */
  t: Micros | null
  /** Usual time between two samples. */
  interval: Micros
  /** As it was declared when the last sample came. */
  unit: string
  /** Why the tag is not known now; null where it is. */
  why: string | null
  signature: Signature
}

/** A break ends what was known of the moment (last value, running delays); `relearn` all that was learned. */
export type Trusted = {
  readonly value: number | null
  readonly broken: boolean
  readonly relearn: boolean
}

export const trustOptions = {
  gapMs: Type.Integer({
    minimum: 0,
    default: 600_000,
    description:
      'A gap longer than this, and than ten times the usual time between samples, is told as "not known", ms of source time.',
  }),
}
const Options = Type.Object(trustOptions)
type Options = Static<typeof Options>

export function newTrust(): Trust {
  return { t: null, interval: 0, unit: '', why: 'no sample has come yet', signature: newSignature() }
}

/** Takes the next sample, which must not be older than the last; says what it may be used for, and sets `why`. */
export function take(trust: Trust, reading: Reading, tag: Tag, { gapMs }: Options): Trusted {
  const before = trust.t
  const wasBad = trust.why !== null
  const apart = before === null ? 0 : reading.t - before
  const gap = trust.interval > 0 && apart > longest(trust, gapMs)
  trust.t = reading.t
  if (apart > 0) adapt(trust, apart)
  const number = numberOf(reading, tag)
  const anew =
    newUnit(trust, before !== null, tag) ?? exchanged(trust, number, before !== null && (wasBad || gap), tag)
  if (anew !== undefined) trust.signature = newSignature()
  if (typeof number === 'string') trust.why = number
  else trust.why = anew ?? (gap ? `nothing came from ${tag.name} for ${spanText(apart)}` : null)
  const value = trust.why === null ? (number as number) : null
  return { value, broken: wasBad || value === null, relearn: anew !== undefined }
}

/** Why all must be learned anew: the unit was declared another one. */
function newUnit(trust: Trust, known: boolean, tag: Tag): string | undefined {
  const before = trust.unit
  trust.unit = tag.unit ?? ''
  if (!known || before === trust.unit) return undefined
  return `the unit of ${tag.name} was changed from "${before}" to "${trust.unit}"; it is learned anew`
}

/** Or the samples are no longer those of the same sensor and unit. */
function exchanged(trust: Trust, number: number | string, afterBreak: boolean, tag: Tag): string | undefined {
  if (typeof number === 'string') return undefined
  const change = compare(trust.signature, number, afterBreak)
  return change && changeText(change, tag)
}

function changeText({ from, to, noise, unit }: Change, tag: Tag): string {
  const what = `${tag.name} went from about ${valueText(from, tag)} to ${valueText(to, tag)} and its noise became ${Number(noise.toPrecision(2))} times as strong`
  if (unit) return `${what}, as if its unit had been changed at the device; it is learned anew`
  return `${what} after a break: the sensor may have been exchanged; it is learned anew`
}

function longest({ interval }: Trust, gapMs: number): Micros {
  return Math.max(gapMs * 1_000, 10 * interval)
}

/** A gap counts as ten times the usual, so that a source that became slower is usual after a while. */
function adapt(trust: Trust, apart: Micros): void {
  const usual = trust.interval
  trust.interval = usual === 0 ? apart : usual + 0.05 * (Math.min(apart, 10 * usual) - usual)
}

/** Why the tag is not known at `t`, by what came and by what did not. */
export function whyNot(trust: Trust, t: Micros, tag: Tag, { gapMs }: Options): string | null {
  if (trust.t === null) return `${tag.name}: no sample has come yet`
  if (trust.why !== null) return trust.why
  const apart = t - trust.t
  if (trust.interval === 0 || apart <= longest(trust, gapMs)) return null
  return `nothing came from ${tag.name} for ${spanText(apart)}`
}

/** A span of time for a person. */
export function spanText(micros: Micros): string {
  const seconds = micros / 1e6
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`
}

/** A value of a tag for a person. */
export function valueText(value: number, { unit }: Pick<Tag, 'unit'>): string {
  const text = String(Number(value.toPrecision(4)))
  return unit ? `${text} ${unit}` : text
}
