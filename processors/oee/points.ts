import type { Micros, Tag, TelemetryRecord } from '../../model/index.ts'
import { readingsOf } from '../readings.ts'
import type { JudgedPart } from './verdicts.ts'

/** One sample of what OEE is made of; a state that is null is not known. */
export type SamplePoint = [t: Micros, what: 'state' | 'total' | 'counted', value: string | number | null]
/** A part whose cycle has ended. */
export type PartPoint = [t: Micros, what: 'part', part: JudgedPart]
export type Point = SamplePoint | PartPoint
/** Those that are declared. */
export type Tags = { readonly state: Tag } & Readonly<Partial<Record<'total' | 'counted', Tag>>>

/** A bad count is passed over: the counter itself has gone on. */
export function pointsIn(record: TelemetryRecord, tags: Tags): Point[] {
  const points: Point[] = []
  for (const what of ['state', 'total', 'counted'] as const) {
    const tag = tags[what]
    if (tag === undefined) continue
    for (const { t, value, status } of readingsOf(record, tag.name)) {
      const good = status >>> 30 === 0
      if (what === 'state') points.push([t, what, good ? stateIn(value) : null])
      else if (good && typeof value === 'number' && Number.isFinite(value)) points.push([t, what, value])
    }
  }
  return points
}

function stateIn(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value)
    ? String(value)
    : null
}

const order = { state: 0, total: 1, counted: 2, part: 3 }

/** Keeps the order of time; of the same time, one order whatever came first. */
export function put(points: Point[], point: Point): void {
  const rank = ([, what]: Point) => order[what]
  let after = points.length
  const isAfter = (other: Point) =>
    other[0] > point[0] || (other[0] === point[0] && rank(other) > rank(point))
  while (after > 0 && isAfter(points[after - 1]!)) after--
  points.splice(after, 0, point)
}
