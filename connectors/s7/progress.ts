import { type Micros, status } from '../../model/index.ts'
import type { Address } from './address.ts'
import type { Point } from './points.ts'

/** What a scan brought further: the new steps of tags with a timeFrom, and the time of the last scan of a class. */
export type Advance = {
  readonly steps: readonly (readonly [Point, string])[]
  readonly scan?: { readonly scanMs: number; readonly at: Micros }
}

type Stored = { steps: Record<string, string>; others: Record<string, string>; scans: Record<string, Micros> }

/**
 * How far a source has come, over the end of a session and of the process. It travels as the `resume` of each emit and
 * is stored with its samples, all or nothing: so a step is captured exactly once, whatever is killed when.
 *
 * Tags of one scan class that share a time field stand at the same step; only those whose reading of it was bad are
 * told by themselves. So the text grows with the time fields, not with the tags.
 */
export class Progress {
  readonly #steps: Map<string, string>
  readonly #others: Map<string, string>
  readonly #scans: Map<string, Micros>

  /** What an earlier emit was given; text that cannot be read is no progress. */
  constructor(resume: string | undefined) {
    const { steps, others, scans } = parse(resume)
    this.#steps = new Map(Object.entries(steps))
    this.#others = new Map(Object.entries(others))
    this.#scans = new Map(Object.entries(scans))
  }

  /** The step that a point was last emitted with: status and bytes of its time field. */
  stepOf(point: Point): string | undefined {
    if (point.stamp === undefined || point.onChange !== 'timeFrom') return undefined
    const bytes = this.#steps.get(groupOf(point)) ?? this.#ofAnotherClass(point.stamp.address)
    return this.#others.get(point.id) ?? (bytes === undefined ? undefined : `${status.good}:${bytes}`)
  }

  /** When a class was last scanned, of those whose every reading is a sample. */
  lastScan(scanMs: number): Micros | undefined {
    return this.#scans.get(String(scanMs))
  }

  advance({ steps, scan }: Advance): void {
    for (const [point, step] of steps) {
      const [code, bytes = ''] = step.split(':')
      this.#steps.set(groupOf(point), bytes)
      if (code === String(status.good)) this.#others.delete(point.id)
      else this.#others.set(point.id, step)
    }
    if (scan) this.#scans.set(String(scan.scanMs), scan.at)
  }

  get text(): string {
    const stored: Stored = {
      steps: Object.fromEntries(this.#steps),
      others: Object.fromEntries(this.#others),
      scans: Object.fromEntries(this.#scans),
    }
    return JSON.stringify(stored)
  }

  /** After a change of scanMs the step is known by the class that the time field was read in before. */
  #ofAnotherClass(address: Address): string | undefined {
    const prefix = `${fieldOf(address)}/`
    for (const [group, bytes] of this.#steps) if (group.startsWith(prefix)) return bytes
    return undefined
  }
}

function groupOf({ stamp, scanMs }: Point): string {
  return `${fieldOf(stamp!.address)}/${scanMs}`
}

function fieldOf({ area, db, byte, type }: Address): string {
  return `${area}${db}.${byte}.${type}`
}

function parse(resume: string | undefined): Stored {
  const nothing: Stored = { steps: {}, others: {}, scans: {} }
  try {
    const stored: unknown = resume === undefined ? undefined : JSON.parse(resume)
    if (typeof stored !== 'object' || stored === null) return nothing
    const { steps, others, scans } = stored as Partial<Record<keyof Stored, unknown>>
    return {
      steps: entriesOf(steps, 'string'),
      others: entriesOf(others, 'string'),
      scans: entriesOf(scans, 'number'),
    }
  } catch {
    return nothing
  }
}

function entriesOf<T>(stored: unknown, type: 'string' | 'number'): Record<string, T> {
  if (typeof stored !== 'object' || stored === null) return {}
  return Object.fromEntries(Object.entries(stored).filter(([, value]) => typeof value === type))
}
