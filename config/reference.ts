import { type TSchema, Type } from 'typebox'
import type { Kinds } from './kinds.ts'
import { patternMeanings } from './patterns.ts'
import { machineSchema, plantSchema, signalProperties, tagProperties } from './schema.ts'
import { choicesOf, isList, type SchemaNode } from './schema-tree.ts'
import { serverSchema } from './server.ts'
import { templateSchema } from './template-schema.ts'

const introduction = `A plant is one folder: \`plant.yaml\`, and one file a source (a connection to one device) in \`machines/\`; what
several machines have in common may stand in \`templates/\`, and tables of its instances in \`tables/\`. The folder is the same on all servers of the plant; each server has one small file of its own. \`millrace check DIR\` tells
every mistake at once, and opens no connection. Unknown keys are refused.`

const aboutTemplates = `Tags and signals of machines of one kind, written once. An asset names it with \`template\`, and
gives its parameters with \`with\`. A mistake in a template is told there, with the instance in which it shows.
\`millrace check --expand\` prints what the plant comes to.

\`\`\`yaml
template: press
parameters: { db: { description: data block of the press }, number: {} }
name: Press \${number}
tags:
  - { name: oil-temperature, address: "DB\${db},REAL4", unit: Cel }
\`\`\`

\`\`\`yaml
assets:
  - { template: press, id: demo/press-shop/line-1/press-1, with: { db: 101, number: 1 } }
  - { template: press, table: presses.csv }
\`\`\``

const aboutTables = `One instance of a template a row: UTF-8, parted by comma, semicolon or tab. Columns \`id\`, \`name\`, \`description\`,
and the parameters of the template; an empty cell is as if it were not there, and \`with\` beside \`table\` gives what all rows have
in common.`

const aboutDiscovery =
  'Finds tags by itself where none are declared: a source needs no assets then, and an asset no tags.'

/** The reference page of the whole configuration, Markdown, from the schemas that check it. */
export function referencePage(kinds: Kinds): string {
  return `${[
    '# Configuration',
    introduction,
    '## plant.yaml',
    optionTable(plantSchema),
    '## machines/NAME.yaml',
    optionTable(machineSchema(kinds, undefined), ['assets[].tags', 'assets[].signals']),
    '### Every tag',
    'The address keys of the connector (below) stand beside these.',
    optionTable(Type.Object(tagProperties)),
    '### Every signal',
    'The options of the processor (below) stand beside these.',
    optionTable(Type.Object(signalProperties(choice(kinds.processors.map(({ kind }) => kind))))),
    '## templates/NAME.yaml',
    aboutTemplates,
    optionTable(templateSchema),
    '## tables/NAME.csv',
    aboutTables,
    ...Object.values(kinds.connectors).flatMap(({ kind, options, address, discovers }) => [
      `## Connector \`${kind}\``,
      ...(discovers ? [aboutDiscovery] : []),
      'Options of the source:',
      optionTable(options),
      'Address keys of a tag:',
      optionTable(address),
    ]),
    ...kinds.processors.flatMap(({ kind, options }) => [`## Processor \`${kind}\``, optionTable(options)]),
    '## The server file',
    optionTable(serverSchema),
  ].join('\n\n')}\n`
}

function choice(values: readonly string[]): TSchema {
  return Type.Union(values.map(value => Type.Literal(value)))
}

/**
 * One row a key, nested ones as `servers[].name`.
 *
 * @param cut paths whose own keys are told elsewhere
 */
export function optionTable(schema: TSchema, cut: readonly string[] = []): string {
  const rows = rowsOf(schema as SchemaNode, '', cut)
  if (rows.length === 0) return 'None.'
  return ['| key | type | default | what |', '|---|---|---|---|', ...rows].join('\n')
}

function rowsOf(node: SchemaNode, prefix: string, cut: readonly string[]): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const path = prefix + key
    const cells = [`\`${path}\``, typeText(child), defaultText(node, key, child), child.description ?? '']
    const row = `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
    return cut.includes(path) ? [row] : [row, ...nestedRows(child, path, cut)]
  })
}

function nestedRows(node: SchemaNode, path: string, cut: readonly string[]): string[] {
  if (node.properties) return rowsOf(node, `${path}.`, cut)
  const [byName] = Object.values(node.patternProperties ?? {})
  if (byName?.properties) return rowsOf(byName, `${path}.*.`, cut)
  if (node.items && !isList(node.items)) return nestedRows(node.items, `${path}[]`, cut)
  const objects = node.anyOf?.filter(part => part.properties) ?? []
  return objects.flatMap(part => rowsOf(part, `${path}.`, cut))
}

function defaultText(parent: SchemaNode, key: string, child: SchemaNode): string {
  if (child.default !== undefined) return `\`${JSON.stringify(child.default)}\``
  return parent.required?.includes(key) ? '**required**' : 'optional'
}

function typeText(node: SchemaNode): string {
  const choices = choicesOf(node)
  if (choices) return choices.map(value => `\`${value}\``).join(', ')
  const parts = node.anyOf ?? node.oneOf
  if (parts) return [...new Set(parts.map(typeText))].join(' or ')
  switch (node.type) {
    case 'array':
      return listText(node)
    case 'object':
      return 'mapping'
    case 'string':
      return (node.pattern && patternMeanings[node.pattern]) ?? 'text'
    case 'integer':
      return `whole number${rangeText(node)}`
    case 'number':
      return `number${rangeText(node)}`
    default:
      return node.type ?? 'anything'
  }
}

function listText({ items }: SchemaNode): string {
  if (items === undefined) return 'list'
  if (isList(items)) return `[${items.map(typeText).join(', ')}]`
  return items.type === 'object' ? 'list of mappings' : `list of ${typeText(items)}`
}

function rangeText({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string {
  const bounds = [
    minimum !== undefined && `≥ ${minimum}`,
    exclusiveMinimum !== undefined && `> ${exclusiveMinimum}`,
    maximum !== undefined && `≤ ${maximum}`,
    exclusiveMaximum !== undefined && `< ${exclusiveMaximum}`,
  ].filter(bound => bound !== false)
  return bounds.length > 0 ? `, ${bounds.join(', ')}` : ''
}
