import { MillraceError } from '../model/index.ts'

/** Keys and indices from a file's root to a value. */
export type Path = readonly (string | number)[]

/** One mistake in a plant folder or server file. */
export type PlantProblem = {
  /** Relative to the plant folder, with `/`; `.` is the folder itself. */
  readonly file: string
  /** From 1; 0 where the problem has no place in a text (a missing file). */
  readonly line: number
  /** From 1, in UTF-16 code units; 0 as with `line`. */
  readonly column: number
  /** `assets[0].tags[2].unit`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  /** The nearest valid key or value, where one is near. */
  readonly suggestion?: string
  /** Of a mistake in a template: the instance in which it shows, and how many others it shows in. */
  readonly instance?: string
  /** The text of that line, for showing it. */
  readonly sourceLine?: string
}

export function pathText(path: Path): string {
  return path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
}

/** A problem that has no place in a text. */
export function fileProblem(file: string, message: string, suggestion?: string): PlantProblem {
  return { file, line: 0, column: 0, path: '', message, ...(suggestion !== undefined && { suggestion }) }
}

/** In the order of reading: by file, then by place. */
export function inReadingOrder(problems: readonly PlantProblem[]): PlantProblem[] {
  return problems.toSorted(
    (a, b) =>
      compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.path, b.path),
  )
}

/** Problems in order, those of one place in a template told once for all its instances. */
export function withoutRepeats(problems: readonly PlantProblem[]): PlantProblem[] {
  const instances = new Map<string, Set<string>>()
  const keyOf = ({ file, line, column, path, message }: PlantProblem) =>
    JSON.stringify([file, line, column, path, message])
  for (const problem of problems) {
    const seen = instances.get(keyOf(problem)) ?? new Set()
    if (problem.instance !== undefined) seen.add(problem.instance)
    instances.set(keyOf(problem), seen)
  }
  const told = new Set<string>()
  return problems.flatMap(problem => {
    const key = keyOf(problem)
    if (problem.instance === undefined) return [problem]
    if (told.has(key)) return []
    told.add(key)
    const others = instances.get(key)!.size - 1
    return [others === 0 ? problem : { ...problem, instance: `${problem.instance} and ${others} more` }]
  })
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What `loadPlant` and `loadServer` reject with: code `config-invalid`, with every problem found. */
export type PlantError = MillraceError & { readonly problems: readonly PlantProblem[] }

export function plantError(what: string, problems: readonly PlantProblem[]): PlantError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  const first = problems[0]
  const where = first === undefined ? '' : `, the first in ${first.file}:${first.line}: ${first.message}`
  const error = new MillraceError('config-invalid', `${what} has ${count}${where}`, {
    hint: '"millrace check" shows all of them',
  })
  return Object.assign(error, { problems })
}

export function isPlantError(thrown: unknown): thrown is PlantError {
  return thrown instanceof MillraceError && 'problems' in thrown && Array.isArray(thrown.problems)
}
