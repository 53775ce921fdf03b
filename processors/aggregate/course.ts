import type { Aggregate, Micros, Tag } from '../../model/index.ts'

/** A value from its sample on; null: not known, be it bad or no value of the course's kind. */
export type Point = [t: Micros, value: number | string | null]

/** What happened between the first and the last point, and these two. */
export type Sum = {
  first: Point
  last: Point
  /** Value times microseconds, or how far a counter went. */
  total: number
  /** Microseconds in which the value was known. */
  known: Micros
  /** Microseconds by state. A list, because a name must not meet an object's own properties. */
  states: [name: string, held: Micros][]
}

/** One way to follow a tag. */
export type Course = {
  /** Whether a window has more to tell the further time has come in it, without another sample. */
  readonly isHeld: boolean
  /** Undefined: the sample says nothing here. */
  point(value: unknown, good: boolean): Point[1] | undefined
  /** Adds to `sum` what lies between two neighbours in time. */
  between(sum: Sum, from: Point, to: Point): void
  fields(sum: Sum): Pick<Aggregate, 'timeMean' | 'increase' | 'states'>
}

/** How the tag is declared to be followed beside its count, extremes and mean. */
export function courseFor({ aggregate, wrap }: Tag): Course | undefined {
  if (aggregate === 'time-weighted') return timeWeighted
  if (aggregate === 'counter') return counting(wrap)
  return aggregate === 'states' ? inStates : undefined
}

export function pointOf(course: Course, t: Micros, value: unknown, good: boolean): Point | undefined {
  const known = course.point(value, good)
  return known === undefined ? undefined : [t, known]
}

/** Of points in the order of time, at least one. */
export function sumOf(points: readonly Point[], course: Course): Sum {
  const sum: Sum = { first: points[0]!, last: points.at(-1)!, total: 0, known: 0, states: [] }
  for (let i = 1; i < points.length; i++) course.between(sum, points[i - 1]!, points[i]!)
  return sum
}

/** Of two stretches, the later one last. */
export function sumWith(earlier: Sum, later: Sum, course: Course): Sum {
  const { first, total, known, states } = earlier
  const sum: Sum = {
    first,
    last: later.last,
    total,
    known,
    states: states.map(([name, held]) => [name, held]),
  }
  course.between(sum, earlier.last, later.first)
  sum.total += later.total
  sum.known += later.known
  for (const [name, held] of later.states) hold(sum, name, held)
  return sum
}

const finite = (value: unknown, good: boolean) =>
  good && typeof value === 'number' && Number.isFinite(value) ? value : null

const timeWeighted: Course = {
  isHeld: true,
  point: finite,
  between(sum, [from, value], [to]) {
    if (typeof value !== 'number' || to <= from) return
    sum.total += value * (to - from)
    sum.known += to - from
  },
  fields: ({ total, known, last: [, value] }) => {
    const mean = known > 0 ? total / known : typeof value === 'number' ? value : null
    return { timeMean: mean !== null && Number.isFinite(mean) ? mean : null }
  },
}

/** A sample that is bad or no number is passed over: the counter itself has gone on. */
function counting(wrap: number | undefined): Course {
  return {
    isHeld: false,
    point: (value, good) => finite(value, good) ?? undefined,
    between(sum, [, from], [, to]) {
      if (typeof from === 'number' && typeof to === 'number') sum.total += increaseOf(from, to, wrap)
    },
    fields: ({ total }) => ({ increase: total }),
  }
}

/**
 * How far a counter has gone. A fall is a wrap where that is the shorter way, less than half of its range; else, or
 * without a range, the counter was set to zero and has counted on from there.
 */
export function increaseOf(from: number, to: number, wrap: number | undefined): number {
  if (to >= from) return to - from
  if (wrap !== undefined && from < wrap && to + wrap - from < wrap / 2) return to + wrap - from
  return Math.max(0, to)
}

/** More in one window are no states: what exceeds them is told under one name. */
const mostStates = 50

const inStates: Course = {
  isHeld: true,
  point: (value, good) =>
    good && (typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value))
      ? String(value)
      : null,
  between(sum, [from, state], [to]) {
    hold(sum, state === null ? 'not-known' : String(state), to - from)
  },
  fields: ({ states }) => ({
    states: Object.fromEntries(states.map(([name, held]) => [name, held / 1e6]).sort()),
  }),
}

function hold(sum: Sum, name: string, micros: Micros): void {
  if (micros <= 0) return
  const known = sum.states.find(([other]) => other === name)
  if (known) known[1] += micros
  else if (sum.states.length < mostStates) sum.states.push([name, micros])
  else hold(sum, sum.states.at(-1)![0], micros)
}
