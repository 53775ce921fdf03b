import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Import, importsOf, isUnreadable } from './imports.ts'
import { projectRoot, sourceFiles } from './sources.ts'

/** What each part may import of the others. A part that is not here may import nothing and be imported by nobody. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  model: [],
  connectors: ['model'],
  'edge-broker': ['model'],
  processors: ['model'],
  alarms: ['model'],
  replicator: ['model', 'edge-broker'],
  board: ['model', 'edge-broker'],
  config: ['model', 'connectors', 'processors', 'alarms', 'edge-broker', 'replicator'],
  runtime: ['model', 'connectors', 'processors', 'alarms', 'edge-broker', 'replicator', 'board', 'config'],
  scripts: ['model', 'config', 'connectors', 'processors', 'edge-broker', 'replicator'],
}
/** Fewer sources than these mean that they were not seen. */
const floors: Readonly<Record<string, number>> = {
  model: 5,
  connectors: 30,
  'edge-broker': 15,
  processors: 15,
  alarms: 1,
  replicator: 2,
  board: 10,
  config: 15,
  runtime: 20,
}
/** Parts that hold tests and measurements: they may import anything, and no part imports them. */
const free = ['test', 'bench', 'evaluate']

/** Packages that only these folders know of. */
const confined: readonly { package: RegExp; folders: readonly string[] }[] = [
  { package: /^@platformatic\/kafka(\/|$)/, folders: ['edge-broker/client/'] },
  { package: /^(kafkajs|@confluentinc\/kafka-javascript)(\/|$)/, folders: ['test/', 'bench/'] },
  { package: /^node-opcua(-|\/|$)/, folders: ['connectors/opcua/', 'test/'] },
  { package: /^modbus-serial(\/|$)/, folders: ['connectors/modbus/'] },
  { package: /^nodes7(\/|$)/, folders: ['test/'] },
  { package: /^protobufjs(\/|$)/, folders: ['processors/onnx/'] },
]

const files = sourceFiles()
const imports = files.flatMap(importsOf)
const productImports = imports.filter(({ file }) => !isFree(file))

describe('imports go one way', () => {
  test('the sources are seen, all of them', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(imports.length).toBeGreaterThan(800)
    for (const [part, floor] of Object.entries(floors)) {
      expect(files.filter(file => partOf(file) === part).length, part).toBeGreaterThanOrEqual(floor)
    }
  })

  test('every source stands in a known part', () => {
    expect(files.map(partOf).filter(part => !(part in allowed) && !free.includes(part))).toEqual([])
  })

  test('no part imports what is above it', () => {
    expect(productImports.filter(isUpward).map(told)).toEqual([])
  })

  test('a package stays in the part that owns it', () => {
    expect(imports.filter(isUnconfined).map(told)).toEqual([])
  })

  test('product code imports only what is installed with it', () => {
    const { dependencies } = JSON.parse(readFileSync(`${projectRoot}/package.json`, 'utf8'))
    const missing = productImports.filter(
      ({ package: name }) => name !== undefined && !name.startsWith('node:') && !(name in dependencies),
    )
    expect(missing.map(told)).toEqual([])
  })

  test('product code imports by literal names, so that this test can read them', () => {
    expect(files.filter(file => !isFree(file) && isUnreadable(file))).toEqual([])
  })
})

function partOf(file: string): string {
  return file.split('/')[0]!
}

function isFree(file: string): boolean {
  return free.includes(partOf(file))
}

function isUpward({ file, target }: Import): boolean {
  if (target === undefined) return false
  const [from, to] = [partOf(file), partOf(target)]
  return from !== to && !allowed[from]?.includes(to)
}

function isUnconfined({ file, specifier }: Import): boolean {
  return confined.some(
    rule => rule.package.test(specifier) && !rule.folders.some(folder => file.startsWith(folder)),
  )
}

function told({ file, specifier }: Import): string {
  return `${file} imports ${specifier}`
}
