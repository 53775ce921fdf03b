import type { DiskBuffer } from '../../connectors/buffer/buffer.ts'
import type { Micros } from '../../model/index.ts'

/** What a server remembers of its claim on a source when it starts again, kept beside its disk buffer. */
export type Notes = {
  /** Its last claim; 0: none yet */
  readonly term: number
  /** Whether it is still the owner as far as it knows. */
  readonly owner: boolean
  /** Whether it may read before Kafka can be asked who the owner is. */
  readonly autonomous: boolean
  /** Rows up to `upTo` that were read beside another server, whose rows are of `epoch` and came in `since`. */
  readonly behind?: { readonly since: Micros; readonly epoch: number; readonly upTo: number }
}

const none: Notes = { term: 0, owner: false, autonomous: false }
const name = 'claim'

export function notesOf(buffer: DiskBuffer): Notes {
  const text = buffer.note(name)
  return text === undefined ? none : (JSON.parse(text) as Notes)
}

export function note(buffer: DiskBuffer, change: Partial<Notes>): void {
  buffer.keepNote(name, JSON.stringify({ ...notesOf(buffer), ...change }))
}

export function forgetBehind(buffer: DiskBuffer): void {
  const { behind: _, ...rest } = notesOf(buffer)
  buffer.keepNote(name, JSON.stringify(rest))
}
