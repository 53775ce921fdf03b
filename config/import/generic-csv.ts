import { builtIn } from '../kinds.ts'
import type { SchemaNode } from '../schema-tree.ts'
import { hasColumns, numberIn, plain, readColumns } from './columns.ts'
import { type ListedTag, type ListFormat, type NotMapped, present, together } from './tag-list.ts'

type Row = ReturnType<typeof readColumns>['rows'][number]

/** What a column may be called. */
const called = {
  name: ['name', 'tag', 'tag name', 'symbol'],
  asset: ['asset', 'asset id'],
  unit: ['unit', 'units', 'eu', 'eng units', 'engineering unit'],
  description: ['description', 'comment', 'remark'],
  class: ['class'],
  scale: ['scale', 'factor', 'gain'],
  offset: ['offset'],
  low: ['low', 'min', 'minimum', 'range low'],
  high: ['high', 'max', 'maximum', 'range high'],
  rawLow: ['raw low', 'raw min'],
  rawHigh: ['raw high', 'raw max'],
  unitLow: ['unit low', 'scaled low', 'eu low'],
  unitHigh: ['unit high', 'scaled high', 'eu high'],
  sampleRateHz: ['sampleRateHz', 'sample rate hz'],
} as const

/** A table of one's own: a column `name`, the address keys of the connector, and what else a tag has. */
export const genericCsv: ListFormat = {
  name: 'csv',
  title: 'a table with a column name, columns of the address keys of the connector, and unit, scale, ...',
  recognises: text => called.name.some(name => hasColumns(text, name)),
  read(text, connector) {
    const { names, rows } = readColumns(text)
    const keys = addressKeys(connector)
    return together([...unknownColumns(names, Object.keys(keys)), ...rows.map(row => tagOf(row, keys))])
  },
}

type Keys = Readonly<Record<string, SchemaNode>>

function addressKeys(connector: string): Keys {
  return builtIn.connectors[connector]?.address.properties as Keys
}

function unknownColumns(names: readonly string[], keys: readonly string[]): NotMapped[] {
  const known = new Set([...Object.values(called).flat(), ...keys].map(plain))
  return names
    .filter(name => name !== '' && !known.has(plain(name)))
    .map(name => ({ line: 1, what: `column "${name}"`, why: 'a tag has nothing of that name' }))
}

function tagOf(row: Row, keys: Keys): ListedTag | NotMapped {
  const cell = (key: keyof typeof called) => row.cell(...called[key])
  const what = cell('name')
  if (what === '') return { line: row.line, what: 'this row', why: 'it has no name' }
  const numbers = numbersOf(row)
  if ('why' in numbers) return { line: row.line, what, why: numbers.why }
  const address = Object.entries(keys).map(([key, schema]) => [key, typed(row.cell(key), schema)])
  const { low, high, rawLow, rawHigh, unitLow, unitHigh, ...others } = numbers
  const entry = present({
    ...Object.fromEntries(address),
    class: cell('class'),
    unit: cell('unit'),
    ...others,
    range: pair(low, high),
    rawRange: pair(rawLow, rawHigh),
    unitRange: pair(unitLow, unitHigh),
    description: cell('description'),
  })
  const asset = cell('asset')
  return { line: row.line, path: [what], ...(asset && { asset }), entry }
}

const numeric = [
  'scale',
  'offset',
  'low',
  'high',
  'rawLow',
  'rawHigh',
  'unitLow',
  'unitHigh',
  'sampleRateHz',
] as const
type Numbers = Partial<Record<(typeof numeric)[number], number>>

function numbersOf({ cell }: Row): Numbers | { why: string } {
  const numbers: Numbers = {}
  for (const key of numeric) {
    const text = cell(...called[key])
    const number = numberIn(text)
    if (text !== '' && number === undefined) return { why: `its ${key} "${text}" is not a number` }
    if (number !== undefined) numbers[key] = number
  }
  return numbers
}

function pair(low: number | undefined, high: number | undefined): [number, number] | undefined {
  return low === undefined || high === undefined ? undefined : [low, high]
}

function typed(text: string, { type }: SchemaNode): unknown {
  if (type === 'number' || type === 'integer') return numberIn(text) ?? text
  return type === 'boolean' && /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text
}
