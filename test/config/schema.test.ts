import type { TSchema } from 'typebox'
import { describe, expect, test } from 'vitest'
import { builtIn } from '../../config/kinds.ts'
import { machineSchema, plantSchema } from '../../config/schema.ts'
import { isList, type SchemaNode } from '../../config/schema-tree.ts'
import { serverSchema } from '../../config/server.ts'

const schemas: [string, SchemaNode][] = [
  ['plant.yaml', plantSchema as SchemaNode],
  ['the server file', serverSchema as TSchema as SchemaNode],
  ...Object.keys(builtIn.connectors).map((connector): [string, SchemaNode] => [
    `a machine's file for ${connector}`,
    machineSchema(builtIn, connector) as SchemaNode,
  ]),
]

type Keyed = { path: string; node: SchemaNode }

/** Every key that can be written, and every object in which keys can be written. */
function walk(node: SchemaNode, path = ''): { keys: Keyed[]; objects: Keyed[] } {
  const named = Object.entries(node.properties ?? {}).map(([key, child]) => ({
    path: `${path}.${key}`,
    node: child,
  }))
  const items = node.items === undefined ? [] : isList(node.items) ? node.items : [node.items]
  const unnamed = [...items, ...(node.anyOf ?? []), ...(node.oneOf ?? [])].map(child => ({
    path,
    node: child,
  }))
  const below = [...named, ...unnamed].map(child => walk(child.node, child.path))
  return {
    keys: [...named, ...below.flatMap(({ keys }) => keys)],
    objects: [...(node.properties ? [{ path, node }] : []), ...below.flatMap(({ objects }) => objects)],
  }
}

describe.each(schemas)('%s', (_, schema) => {
  const { keys, objects } = walk(schema)

  test('describes every key', () => {
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter(({ node }) => !node.description).map(({ path }) => path)).toEqual([])
  })

  test('refuses unknown keys everywhere', () => {
    const open = objects.filter(({ node }) => node.additionalProperties !== false)
    expect(open.map(({ path }) => path)).toEqual([])
  })

  test('carries the unit of a time in its name', () => {
    const times = keys.filter(
      ({ path, node }) => /interval|timeout|delay/i.test(path) && node.type !== 'object',
    )
    expect(times.filter(({ path }) => !/(Ms|Hz)$/.test(path)).map(({ path }) => path)).toEqual([])
  })
})
