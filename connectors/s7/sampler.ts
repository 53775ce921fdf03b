import { coded, type Micros, MillraceError, type Sample, status, type Value } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import { bytesOf, type Outcome } from './blocks.ts'
import { good, itemError, statusOf } from './codes.ts'
import type { Layout, Place, StampPlace } from './layout.ts'
import { type Point, type Stamp, stampMicros } from './points.ts'
import { decodeScalar, decodeValue } from './types.ts'

/** What one scan brought: an outcome a range, and the stamps that were read apart, before and after the ranges. */
export type Scanned = { readonly outcomes: readonly Outcome[]; readonly bracket: readonly Bracketed[] }
export type Bracketed = { readonly before: Outcome; readonly after: Outcome }

/** Samples to emit, and the steps of points with a timeFrom that they are of. */
export type Sampled = {
  readonly samples: readonly Sample[]
  readonly steps: readonly (readonly [Point, string])[]
}

type Reading = {
  readonly value: Value
  readonly status: number
  readonly code?: number
  readonly problem?: MillraceError
}
/** The source time, or why there is none; `bytes` tell one step of the device from the next. */
type Timed = { readonly t?: Micros; readonly bytes?: Buffer; readonly problem?: MillraceError }

const noTimeHint =
  'Check that the PLC writes the time field, and its epochUnit; the sample has the time of the answer'

/** Whether the device changed a stamp while the ranges were being read: they may be of either moment. */
export function isTorn({ before, after }: Bracketed): boolean {
  return before.code !== after.code || !bytesOf(before).equals(bytesOf(after))
}

/** Makes samples of scans of the same points, leaves out what has not changed, reports tags that turn bad or good. */
export class Sampler {
  readonly #points: readonly Point[]
  readonly #layout: Layout
  readonly #report: Report
  readonly #last: Map<Point, string>
  readonly #problems = new Map<Point, string>()
  #isFirst = true

  /** `remembered` gives the step that a point was last emitted with in an earlier session. */
  constructor(
    points: readonly Point[],
    layout: Layout,
    report: Report,
    remembered: (point: Point) => string | undefined,
  ) {
    this.#points = points
    this.#layout = layout
    this.#report = report
    const steps = points.map(point => [point, remembered(point)] as const)
    this.#last = new Map(steps.filter((step): step is [Point, string] => step[1] !== undefined))
  }

  samples(scanned: Scanned): Sampled {
    const times = new Map<Stamp | undefined, Timed>()
    for (const [stamp, place] of this.#layout.stamps) times.set(stamp, timeOf(stamp, place, scanned))
    const samples: Sample[] = []
    const steps: (readonly [Point, string])[] = []
    this.#points.forEach((point, i) => {
      const outcome = placed(this.#layout.places[i]!, scanned.outcomes)
      const reading = readingOf(point, outcome)
      const timed = times.get(point.stamp)
      this.#tell(point, reading.problem ?? timed?.problem)
      const key = keyOf(point, outcome, reading, timed)
      const last = this.#last.get(point)
      if (key !== undefined && last === key) return
      // Another step than the last one of an earlier session: what was between them, S7 cannot tell.
      if (this.#isFirst && last !== undefined) this.#report.lost(point.tag, 'outage', 'unknown')
      if (key !== undefined) this.#last.set(point, key)
      samples.push(sampleOf(point, outcome, reading, timed))
      if (key !== undefined && point.onChange === 'timeFrom') steps.push([point, key])
    })
    this.#isFirst = false
    return { samples, steps }
  }

  #tell(point: Point, problem: MillraceError | undefined): void {
    if (this.#problems.get(point) === problem?.message) return
    if (problem) this.#problems.set(point, problem.message)
    else this.#problems.delete(point)
    this.#report.tag(point.tag, problem)
  }
}

function placed({ range, offset, length }: Place, outcomes: readonly Outcome[]): Outcome {
  const outcome = outcomes[range]!
  // A whole range, which most tags are, needs no copy; nor has a refused one bytes to point at.
  if (outcome.code !== good || (offset === 0 && length === outcome.length)) return outcome
  return {
    ...outcome,
    start: outcome.start + offset,
    length: Math.max(0, Math.min(length, outcome.length - offset)),
  }
}

function readingOf({ told, tag, address }: Point, outcome: Outcome): Reading {
  const { code } = outcome
  if (code !== good) return { value: null, status: statusOf(code), code, problem: itemError(code, told) }
  try {
    const scalar = decodeScalar(address, outcome.bytes, outcome.start)
    return { value: scalar ?? decodeValue(address, bytesOf(outcome), tag.class), status: status.good }
  } catch (thrown) {
    const problem = coded(thrown, 'bad-payload', told)
    return { value: null, status: status.badDecodingError, code, problem }
  }
}

function timeOf(stamp: Stamp, place: StampPlace, { outcomes, bracket }: Scanned): Timed {
  const bracketed = place.kind === 'bracket' ? bracket[place.index]! : undefined
  const outcome = place.kind === 'together' ? placed(place.place, outcomes) : bracketed!.after
  if (outcome.code !== good) return { problem: itemError(outcome.code, 'the time field') }
  if (bracketed && isTorn(bracketed))
    return { problem: noTime('the time field changes while its tags are being read') }
  const t = stampMicros(stamp, bytesOf(outcome))
  return t === undefined
    ? { bytes: bytesOf(outcome), problem: noTime('the time field holds no time') }
    : { bytes: bytesOf(outcome), t }
}

function noTime(message: string): MillraceError {
  return new MillraceError('bad-payload', message, { hint: noTimeHint })
}

/** Two readings with the same key are one; undefined makes every reading its own. */
function keyOf(
  { onChange }: Point,
  outcome: Outcome,
  reading: Reading,
  timed: Timed | undefined,
): string | undefined {
  switch (onChange) {
    case 'never':
      return undefined
    case 'value':
      // The bits of a BOOL share their byte with others.
      return `${reading.status}:${typeof reading.value === 'boolean' ? reading.value : bytesOf(outcome).toString('hex')}`
    case 'timeFrom':
      return timed?.bytes && `${reading.status}:${timed.bytes.toString('hex')}`
  }
}

/** A good value whose time is not known has the time of the answer, and is uncertain. */
function sampleOf(
  { tag, stamp }: Point,
  outcome: Outcome,
  reading: Reading,
  timed: Timed | undefined,
): Sample {
  const { value, code } = reading
  const untimed = stamp !== undefined && timed?.t === undefined && reading.status === status.good
  const sample = {
    tag,
    t: timed?.t ?? outcome.at,
    value,
    status: untimed ? status.uncertain : reading.status,
  }
  return code === undefined ? sample : { ...sample, code }
}
