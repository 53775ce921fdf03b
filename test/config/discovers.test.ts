import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { builtIn, type Kinds } from '../../config/kinds.ts'
import { checkFolder } from '../../config/load.ts'
import type { ConnectorKind } from '../../connectors/contract.ts'
import { MillraceError } from '../../model/index.ts'

const plantYaml = readFileSync(join(import.meta.dirname, 'cases/good/plant/plant.yaml'))
const feed: ConnectorKind = {
  kind: 'feed',
  discovers: true,
  schemes: ['feed'],
  options: Type.Object({ endpoint: Type.String(), wildcard: Type.Optional(Type.String()) }),
  address: Type.Object({ topic: Type.String() }),
  open({ tags, options }) {
    const { wildcard } = options as { wildcard?: string }
    if (tags.length > 0 || wildcard !== undefined) return { connect, run: connect, close: connect }
    throw new MillraceError('config-invalid', 'nothing to read: declare tags, or a wildcard')
  },
}
const connect = async () => {}
const kinds: Kinds = { ...builtIn, connectors: { ...builtIn.connectors, feed } }

const checked = (machine: string) =>
  checkFolder(
    {
      dir: '/plant',
      files: new Map([
        ['plant.yaml', plantYaml],
        ['machines/a.yaml', Buffer.from(machine)],
      ]),
      problems: [],
    },
    kinds,
  )

describe('a connector that finds tags by itself', () => {
  const source = 'source: a\nconnector: feed\noptions: { endpoint: "feed://x", wildcard: "#" }\n'

  test('needs no assets', () => {
    const { plant, problems } = checked(source)
    expect(problems).toEqual([])
    expect(plant?.sources).toMatchObject([{ name: 'a', assets: [], tags: [] }])
  })

  test('and its assets need no tags', () => {
    const { plant } = checked(`${source}assets: [{ id: graz/hall/line-1/oven, name: Oven }]\n`)
    expect(plant?.assets).toMatchObject([{ id: 'graz/hall/line-1/oven', tags: [], signals: [] }])
  })

  test('says so when it is told neither', () => {
    const { problems } = checked(source.replace(', wildcard: "#"', ''))
    expect(problems).toMatchObject([
      { line: 3, message: 'nothing to read: declare tags, or a wildcard', path: 'options' },
    ])
  })
})

test('any other connector reads only what is declared, and says so', () => {
  const source = 'source: a\nconnector: s7\noptions: { endpoint: "s7://x" }\n'
  const told = (rest: string) => checked(source + rest).problems.map(({ message }) => message)
  expect(told('')).toEqual([
    '"assets" is missing: What this connection serves: s7 reads only what is declared.',
  ])
  expect(told('assets: []')).toEqual(['must have at least 1 entry, not 0'])
  expect(told('assets: [{ id: graz/hall/line-1/oven, name: Oven }]')).toEqual([
    '"tags" is missing: Its measuring points: s7 reads only what is declared.',
  ])
})
