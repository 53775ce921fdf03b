import type { ErrorObject } from 'ajv'
import { nearest } from '../model/nearest.ts'
import { patternMeanings } from './patterns.ts'
import { choicesOf, isList, type SchemaNode } from './schema-tree.ts'

export type Mismatch = { message: string; suggestion?: string | undefined }

/** What is wrong with a value, in the words of a person who writes YAML. */
export function describeMismatch(error: ErrorObject): Mismatch {
  const schema = error.parentSchema as SchemaNode
  const choices = choicesOf(schema) ?? tagChoices(error, schema)
  if (choices)
    return outsideChoices(error.keyword === 'discriminator' ? error.params.tagValue : error.data, choices)
  return {
    message: bound(error, schema) ?? `must be ${describeSchema(schema)}, not ${describeValue(error.data)}`,
  }
}

function tagChoices(error: ErrorObject, schema: SchemaNode): unknown[] | undefined {
  if (error.keyword !== 'discriminator') return undefined
  return schema.oneOf?.map(branch => branch.properties?.[error.params.tag]?.const)
}

function outsideChoices(value: unknown, choices: readonly unknown[]): Mismatch {
  const suggestion = typeof value === 'string' ? nearest(value, choices.map(String)) : undefined
  return { message: `must be ${alternatives(choices.map(String))}, not ${describeValue(value)}`, suggestion }
}

function bound({ keyword, params, data }: ErrorObject, schema: SchemaNode): string | undefined {
  switch (keyword) {
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `must be ${words[params.comparison] ?? params.comparison} ${params.limit}, not ${describeValue(data)}`
    case 'pattern':
      return `must be ${patternMeaning(schema)}, not ${describeValue(data)}`
    case 'minLength':
      return 'must not be empty'
    case 'minItems':
      return `must have at least ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}, not ${countOf(data)}`
    case 'maxItems':
    case 'additionalItems':
      return `must have at most ${params.limit} entries, not ${countOf(data)}`
    case 'uniqueItems':
      return `has the same entry twice: number ${Math.min(params.i, params.j) + 1} and ${Math.max(params.i, params.j) + 1}`
    case 'type':
      return isQuotedNumber(schema, data) ? `must be a number: write ${data} without quotes` : undefined
    default:
      return undefined
  }
}

function patternMeaning({ pattern = '', description }: SchemaNode): string {
  return patternMeanings[pattern] ?? `text that fits ${pattern}${description ? ` (${description})` : ''}`
}

const words: Readonly<Record<string, string>> = {
  '>=': 'at least',
  '<=': 'at most',
  '>': 'more than',
  '<': 'less than',
}

function countOf(data: unknown): number {
  return Array.isArray(data) ? data.length : 0
}

function isQuotedNumber({ type }: SchemaNode, data: unknown): data is string {
  return (type === 'number' || type === 'integer') && typeof data === 'string' && /^-?\d+(\.\d+)?$/.test(data)
}

/** `a number`, `a list`, `a mapping of above, below`, `one of a, b` ... */
function describeSchema(schema: SchemaNode): string {
  const choices = choicesOf(schema)
  if (choices) return alternatives(choices.map(String))
  const parts = schema.anyOf ?? schema.oneOf
  if (parts) return alternatives([...new Set(parts.map(describeSchema))])
  switch (schema.type) {
    case 'object':
      return schema.properties ? `a mapping of ${Object.keys(schema.properties).join(', ')}` : 'a mapping'
    case 'array':
      return schema.items && isList(schema.items) ? `a list of ${schema.items.length}` : 'a list'
    case 'string':
      return (schema.pattern && patternMeanings[schema.pattern]) ?? 'text'
    case 'integer':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case undefined:
      return 'something else'
    default:
      return `a ${schema.type}`
  }
}

function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 57)}...` : value}"`
  return String(value)
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
