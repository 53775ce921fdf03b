import type { Path, PlantProblem } from './problem.ts'
import type { YamlFile } from './yaml.ts'

/** A value in a file, and where it stands. */
export type Found<T = unknown> = { readonly file: YamlFile; readonly path: Path; readonly value: T }

/** Whether a value has passed its schema, so that it may be read as its type. */
export type IsSound = (found: Found) => boolean

/** Every value at a pattern of keys, `*` being each entry of a list. What is missing or of another shape is passed over. */
export function select(file: YamlFile, ...pattern: readonly string[]): Found[] {
  return below({ file, path: [], value: file.value }, ...pattern)
}

export function below(found: Found, ...pattern: readonly string[]): Found[] {
  const [step, ...rest] = pattern
  if (step === undefined) return [found]
  return children(found, step).flatMap(child => below(child, ...rest))
}

/** As `below`, and only text. */
export function textsBelow(found: Found, ...pattern: readonly string[]): Found<string>[] {
  return below(found, ...pattern).filter(child => typeof child.value === 'string') as Found<string>[]
}

function children({ file, path, value }: Found, step: string): Found[] {
  if (step === '*') {
    return Array.isArray(value) ? value.map((item, i) => ({ file, path: [...path, i], value: item })) : []
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return []
  return [{ file, path: [...path, step], value: (value as Record<string, unknown>)[step] }]
}

/** A problem at the second and every later of equal values; it names the place of the first. */
export function repeated(values: readonly Found[], what: string): PlantProblem[] {
  const first = new Map<unknown, PlantProblem>()
  const problems: PlantProblem[] = []
  for (const { file, path, value } of values) {
    const earlier = first.get(value)
    const problem = file.problem(
      path,
      earlier ? `${what} "${value}" is taken: it stands in ${earlier.file}:${earlier.line} already` : '',
    )
    if (earlier) problems.push(problem)
    else first.set(value, problem)
  }
  return problems
}
