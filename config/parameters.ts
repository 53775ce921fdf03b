import { nearest } from '../model/nearest.ts'
import type { PlantProblem } from './problem.ts'
import type { Template } from './template.ts'
import type { Parameter, ParameterValue } from './template-schema.ts'

/** One value that an instance gives, wherever it stands. */
export type Given = {
  readonly value: unknown
  problem(message: string, options?: { at?: 'key' | 'value'; suggestion?: string | undefined }): PlantProblem
}

export type Resolved = {
  readonly values: ReadonlyMap<string, ParameterValue>
  readonly problems: readonly PlantProblem[]
}

/**
 * The value of every parameter of the template for one instance: given, or by default.
 *
 * @param missing where to tell that one is not given
 */
export function resolveParameters(
  template: Template,
  given: ReadonlyMap<string, Given>,
  missing: Given['problem'],
): Resolved {
  const declared = template.value?.parameters ?? {}
  const values = new Map<string, ParameterValue>()
  const free = Object.keys(declared).filter(name => !given.has(name))
  const problems = [...given]
    .filter(([name]) => !Object.hasOwn(declared, name))
    .map(([name, one]) => unknown(name, one, free))
  const meant = new Set(problems.map(({ suggestion }) => suggestion))
  for (const [name, parameter] of Object.entries(declared)) {
    const one = given.get(name)
    const value = one?.value ?? parameter.default
    if (value === undefined) {
      if (!meant.has(name)) problems.push(missing(missingText(name, parameter), { at: 'key' }))
    } else {
      const typed = typedValue(value, parameter, template.computed.has(name))
      if ('value' in typed) values.set(name, typed.value)
      else problems.push((one?.problem ?? missing)(`the parameter "${name}" must be ${typed.must}`))
    }
  }
  return { values, problems }
}

function unknown(name: string, one: Given, free: readonly string[]): PlantProblem {
  const suggestion = nearest(name, free)
  const known = suggestion === undefined && free.length > 0 ? `; not given yet: ${free.join(', ')}` : ''
  return one.problem(`the template has no parameter "${name}"${known}`, { at: 'key', suggestion })
}

function missingText(name: string, { description }: Parameter): string {
  return `the parameter "${name}" is missing${description ? `: ${description}` : ''}`
}

/** Cells of a table are text, so that text which is a number or `true` counts as that. */
function typedValue(
  value: unknown,
  { type }: Parameter,
  isComputed: boolean,
): { value: ParameterValue } | { must: string } {
  const text = String(value)
  if (isComputed && !/^-?\d{1,15}$/.test(text))
    return { must: `a whole number, because the template computes with it, not "${text}"` }
  switch (type) {
    case 'text':
      return { value: text }
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text))
        ? { value: Number(text) }
        : { must: `a number, not "${text}"` }
    case 'boolean':
      return text === 'true' || text === 'false'
        ? { value: text === 'true' }
        : { must: `true or false, not "${text}"` }
  }
}
