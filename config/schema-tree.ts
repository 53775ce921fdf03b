import type { TSchema } from 'typebox'

/** A JSON Schema as plain data, for walking it whatever built it. */
export type SchemaNode = {
  readonly $id?: string
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minItems?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode | readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
}

/** The same schema without ids, refusing unknown keys in every object that does not say otherwise. */
export function closed<T extends TSchema>(schema: T): T {
  return closedNode(schema as SchemaNode) as T
}

function closedNode(node: SchemaNode): SchemaNode {
  const { $id: _, ...schema } = node
  const { properties, items, anyOf, oneOf } = schema
  const open = node.additionalProperties !== undefined || node.patternProperties !== undefined
  return {
    ...schema,
    ...(properties && {
      properties: mapValues(properties, closedNode),
      ...(!open && { additionalProperties: false }),
    }),
    ...(items && { items: isList(items) ? items.map(closedNode) : closedNode(items) }),
    ...(anyOf && { anyOf: anyOf.map(closedNode) }),
    ...(oneOf && { oneOf: oneOf.map(closedNode) }),
  }
}

/** The same schema under another description; its own stays where it has one. */
export function described<T extends TSchema>(schema: T, description: string): T {
  return { description, ...schema }
}

/** The values of a choice between constants; undefined when the schema is anything else. */
export function choicesOf(node: SchemaNode): unknown[] | undefined {
  if (node.enum) return [...node.enum]
  if (node.const !== undefined) return [node.const]
  const parts = (node.anyOf ?? node.oneOf)?.map(part => part.const)
  return parts && !parts.includes(undefined) ? parts : undefined
}

export function isList<T>(items: T | readonly T[]): items is readonly T[] {
  return Array.isArray(items)
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
