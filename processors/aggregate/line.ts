import type { Aggregate, Micros, Tag } from '../../model/index.ts'
import { type Course, courseFor, type Point, pointOf, type Sum, sumOf, sumWith } from './course.ts'
import { type Level, startOf } from './level.ts'

/** What is known of a stretch of time, by its start. */
type Part = { start: Micros; sum: Sum }

/**
 * The course of one tag over time, for what depends on the order of samples: how long a value was held, how far a counter
 * went on. Points as long as their second is kept for late samples, then sums of seconds, then of minutes.
 */
export type Line = {
  /** In the order of time. */
  points: Point[]
  /** Seconds, then minutes, whose points (seconds) were let go. */
  parts: [Part[], Part[]]
  /** The last point of what was let go altogether. */
  before: Point | null
}

export function newLine(): Line {
  return { points: [], parts: [[], []], before: null }
}

/** @returns the point that was there already and comes next: up to it, another value is held now */
export function addPoint(
  line: Line,
  course: Course,
  t: Micros,
  value: unknown,
  good: boolean,
): Point | undefined {
  const point = pointOf(course, t, value, good)
  if (point === undefined) return undefined
  const { points } = line
  let after = points.length
  while (after > 0 && points[after - 1]![0] > t) after--
  const next = points[after]
  points.splice(after, 0, point)
  return next
}

/** Sums up the seconds and minutes that no late sample can reach any more, and lets go what no window needs. */
export function shorten(line: Line, course: Course, levels: readonly Level[], watermark: Micros): void {
  const isGone = (t: Micros, n: number) => {
    const { size, kept } = levels[n]!
    return startOf(t, size) + size + kept <= watermark
  }
  const kept = line.points.findIndex(([t]) => !isGone(t, 0))
  const gone = line.points.splice(0, kept < 0 ? line.points.length : kept)
  for (const [start, points] of Map.groupBy(gone, ([t]) => startOf(t, levels[0]!.size)))
    line.parts[0].push({ start, sum: sumOf(points, course) })
  const seconds = take(line.parts[0], ({ start }) => isGone(start, 1))
  for (const [start, parts] of Map.groupBy(seconds, part => startOf(part.start, levels[1]!.size)))
    line.parts[1].push({ start, sum: joined(parts, course)! })
  const last = take(line.parts[1], ({ start }) => isGone(start, 2)).at(-1)
  if (last) line.before = last.sum.last
}

function take(parts: Part[], isGone: (part: Part) => boolean): Part[] {
  const kept = parts.findIndex(part => !isGone(part))
  return parts.splice(0, kept < 0 ? parts.length : kept)
}

function joined(parts: readonly Part[], course: Course): Sum | undefined {
  return parts
    .map(({ sum }) => sum)
    .reduce<Sum | undefined>((a, b) => (a ? sumWith(a, b, course) : b), undefined)
}

/** The fields of a window; a value is held from its sample to the next, and no further than time has come. */
export function courseOf(
  line: Line,
  course: Course,
  start: Micros,
  end: Micros,
  watermark: Micros,
): Pick<Aggregate, 'timeMean' | 'increase' | 'states'> {
  const within = (t: Micros) => t >= start && t < end
  const points = line.points.filter(([t]) => within(t))
  const parts = [...line.parts[1], ...line.parts[0]].filter(part => within(part.start))
  const own = [...parts.map(({ sum }) => sum), ...(points.length > 0 ? [sumOf(points, course)] : [])]
  const carried = pointBefore(line, start)
  const begin = carried && sumOf([[start, carried[1]]], course)
  const all = begin ? [begin, ...own] : own
  const [first, ...others] = all
  if (first === undefined) return {}
  const whole = others.reduce((a, b) => sumWith(a, b, course), first)
  const until = Math.max(whole.last[0], Math.min(end, watermark))
  return course.fields(sumWith(whole, sumOf([[until, null]], course), course))
}

function pointBefore({ points, parts: [seconds, minutes], before }: Line, start: Micros): Point | null {
  const point = points.findLast(([t]) => t < start)
  if (point) return point
  const part = seconds.findLast(one => one.start < start) ?? minutes.findLast(one => one.start < start)
  return part?.sum.last ?? before
}

/** How the declared tags are followed: by name. */
export function coursesOf(tags: readonly Tag[]): Map<string, Course> {
  return new Map(
    tags.flatMap(tag => {
      const course = courseFor(tag)
      return course ? [[tag.name, course] as const] : []
    }),
  )
}
