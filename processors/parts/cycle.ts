import type { Evidence, Micros, Tag } from '../../model/index.ts'
import type { Reading } from '../readings.ts'
import type { PartsOptions } from './options.ts'
import type { Tally } from './tally.ts'

/** The last reading of a tag: its number, or one sentence why there is none; where it is a text, `isText`, that text. */
export type Latest = { readonly t: Micros; readonly value: number | string; readonly isText?: true }

/** A part that is being made. Lists are by the index of the watched tag. */
export type Cycle = {
  start: Micros
  part: string | null
  /** As it was at the start; a text says why it is not known. */
  held: (number | string)[]
  tallies: Tally[]
  /** Why this may not be one part. */
  doubt: string | null
  /** Revisions given out so far. */
  revisions: number
  evidence: Evidence[]
}

/** A sample that waits for others of an earlier source time, with the record it came in. */
export type Waiting = Reading & {
  readonly at: number
  readonly source: string
  readonly epoch: number
  readonly seq: number
}

/** What stays the same for one declared instance. */
export type Setting = {
  readonly asset: string
  readonly options: PartsOptions & { readonly name: string }
  /** Watched ones, each once. */
  readonly tags: readonly Tag[]
}
