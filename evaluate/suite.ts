import type { Progress } from '../runtime/progress.ts'

/** Where a suite reads and writes. Paths are absolute. */
export type Places = {
  /** The suite's own folder of recordings. */
  readonly data: string
  /** Made before the suite runs; what it writes is for others to score. */
  readonly out: string
}

/** One line of the table that a suite ends with, for `--json` the same by name. `goal` is a text such as "<= 12". */
export type Score = {
  readonly name: string
  readonly value: number | string
  readonly unit?: string
  readonly goal?: string
  readonly met?: boolean
}

/** An option that a suite has beside `--data` and `--out`, in commander's notation. */
export type SuiteOption = {
  readonly flags: string
  readonly description: string
  readonly required?: boolean
}

/**
 * Plays recordings through the processors that serve in a plant: the same code, the same order, one configuration for
 * all files, no look-ahead. Labels are read for scoring alone, and after everything was written.
 */
export interface Suite {
  readonly name: string
  readonly summary: string
  /** What the folder `--data` holds. Left out where a suite is told its files one by one, or makes its own. */
  readonly recordings?: string
  readonly options?: readonly SuiteOption[]
  /** @throws MillraceError that names the file and what to do */
  run(places: Places, given: Readonly<Record<string, string>>, progress: Progress): Promise<readonly Score[]>
}
