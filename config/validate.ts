import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { nearest } from '../model/nearest.ts'
import { describeMismatch } from './mismatch.ts'
import type { Path, PlantProblem } from './problem.ts'
import { choicesOf, type SchemaNode } from './schema-tree.ts'
import type { YamlFile } from './yaml.ts'

/** More of them in one file are counted, not told: it is not a plant file at all. */
const maximumErrors = 1000

const ajv = new Ajv({
  allErrors: true,
  useDefaults: true,
  discriminator: true,
  verbose: true,
  strictRequired: false, // a discriminated choice requires its tag outside of the branches
})
const compiled = new WeakMap<TSchema, ValidateFunction>()

/** Every way in which a file does not fit its schema. Fills in the defaults, in `file.value` itself. */
export function validate(schema: TSchema, file: YamlFile): PlantProblem[] {
  if (file.value === null) return [file.problem([], 'is empty')]
  const check = compiled.get(schema) ?? compile(schema)
  if (check(file.value)) return []
  const errors = check.errors ?? []
  const more = errors.length - maximumErrors
  const rest = more > 0 ? [file.problem([], `has ${more} more mistakes`)] : []
  return [...problemsOf(file, errors.slice(0, maximumErrors)), ...rest]
}

function compile(schema: TSchema): ValidateFunction {
  const check = ajv.compile(schema)
  compiled.set(schema, check)
  return check
}

/** Of a value that fits none of a choice's branches ajv tells every branch's errors: they become one, or those of the branch meant. */
function problemsOf(file: YamlFile, errors: readonly ErrorObject[]): PlantProblem[] {
  const choices = errors.filter(error => error.keyword === 'anyOf')
  const outermost = choices.filter(
    choice => !choices.some(other => other !== choice && isWithin(choice, other)),
  )
  const plain = errors.filter(error => !outermost.some(choice => choice === error || isWithin(error, choice)))
  return [
    ...plainProblems(file, plain),
    ...outermost.flatMap(choice =>
      choiceProblems(
        file,
        choice,
        errors.filter(error => isWithin(error, choice)),
      ),
    ),
  ]
}

function isWithin(error: ErrorObject, choice: ErrorObject): boolean {
  const below =
    error.instancePath === choice.instancePath || error.instancePath.startsWith(`${choice.instancePath}/`)
  return below && error.schemaPath.startsWith(`${choice.schemaPath}/`)
}

function choiceProblems(file: YamlFile, choice: ErrorObject, within: readonly ErrorObject[]): PlantProblem[] {
  const schema = choice.parentSchema as SchemaNode
  const branches = (schema.anyOf ?? []).map((_, i) =>
    within.filter(error => error.schemaPath.startsWith(`${choice.schemaPath}/${i}/`)),
  )
  const ofThatKind = branches.filter(
    errors =>
      !errors.some(({ keyword, instancePath }) => keyword === 'type' && instancePath === choice.instancePath),
  )
  const isConstant = choicesOf(schema) !== undefined
  const meant = ofThatKind[0]
  if (!isConstant && meant !== undefined && ofThatKind.length === 1) return problemsOf(file, meant)
  return [mismatch(file, choice)]
}

function plainProblems(file: YamlFile, errors: readonly ErrorObject[]): PlantProblem[] {
  const unknown = errors
    .filter(error => error.keyword === 'additionalProperties')
    .map(error => unknownKey(file, error))
  const others = errors
    .filter(error => error.keyword !== 'additionalProperties' && !isAccountedFor(file, error, errors))
    .map(error => (error.keyword === 'required' ? missingKey(file, error) : mismatch(file, error)))
  return [...unknown, ...others]
}

/** A key that is missing because it was mistyped, or a choice's tag that is told as missing already. */
function isAccountedFor(file: YamlFile, error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (error.keyword === 'discriminator') return error.params.error === 'tag' && !isWrongTag(error)
  if (error.keyword !== 'required') return false
  return errors.some(
    other =>
      other.keyword === 'additionalProperties' &&
      other.instancePath === error.instancePath &&
      meantKey(file, other) === error.params.missingProperty,
  )
}

function isWrongTag(error: ErrorObject): boolean {
  return error.params.tagValue !== undefined
}

/** Of the keys that are not written there yet. */
function meantKey(file: YamlFile, error: ErrorObject): string | undefined {
  const path = pathOf(error, file.value)
  const free = knownKeys(error).filter(key => !file.has([...path, key]))
  return nearest(error.params.additionalProperty, free)
}

function knownKeys(error: ErrorObject): string[] {
  return Object.keys((error.parentSchema as SchemaNode).properties ?? {})
}

function unknownKey(file: YamlFile, error: ErrorObject): PlantProblem {
  const key: string = error.params.additionalProperty
  const suggestion = meantKey(file, error)
  const known = suggestion === undefined ? `; known here: ${knownKeys(error).join(', ')}` : ''
  return file.problem([...pathOf(error, file.value), key], `unknown key "${key}"${known}`, {
    at: 'key',
    suggestion,
  })
}

function missingKey(file: YamlFile, error: ErrorObject): PlantProblem {
  const key: string = error.params.missingProperty
  const description = (error.parentSchema as SchemaNode).properties?.[key]?.description
  const message = `"${key}" is missing${description ? `: ${description}` : ''}`
  return file.problem(pathOf(error, file.value), message, { at: 'key' })
}

function mismatch(file: YamlFile, error: ErrorObject): PlantProblem {
  const path = pathOf(error, file.value)
  const { message, suggestion } = describeMismatch(error)
  const at = error.keyword === 'discriminator' ? [...path, error.params.tag] : path
  return file.problem(at, message, { suggestion })
}

/** ajv's JSON pointer as a path; what indexes a list becomes a number. */
function pathOf(error: ErrorObject, root: unknown): Path {
  const path: (string | number)[] = []
  let value = root
  for (const part of error.instancePath.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    const step = Array.isArray(value) ? Number(key) : key
    path.push(step)
    value = (value as Record<string | number, unknown>)[step]
  }
  return path
}
