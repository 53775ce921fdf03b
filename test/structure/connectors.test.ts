import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectors } from '../../connectors/index.ts'
import { projectRoot, sourceFiles } from './sources.ts'

const table = 'connectors/index.ts'
const textOf = (file: string) => readFileSync(join(projectRoot, file), 'utf8')
const elsewhere = (folder: string) =>
  sourceFiles().filter(file => !/^(test|bench)\//.test(file) && !file.startsWith(folder))

/** Lists of other tools' name the protocols of their addresses: that is the lists' concern, not a connector's. */
const lists = 'config/import/'

/** The connector that was added to show it; older ones are talked of in comments. */
const newest = 'modbus'

describe('a connector is one folder and one line', () => {
  test('no other source of the product knows the newest one', () => {
    const others = elsewhere(`connectors/${newest}/`)
    expect(others.length).toBeGreaterThan(200)
    expect(
      others.filter(file => !file.startsWith(lists) && new RegExp(newest, 'i').test(textOf(file))),
    ).toEqual([table])
  })

  test('in the table it is an import and a name', () => {
    const lines = textOf(table)
      .split('\n')
      .filter(line => line.includes(newest))
    expect(lines.length).toBe(2)
    expect(lines[0]).toMatch(/^import \{ \w+ \} from/)
  })

  test.each(Object.entries(connectors))(
    '%s is named as its folder, with an endpoint and a scheme',
    (name, kind) => {
      expect(kind.kind).toBe(name)
      expect(kind.options.properties).toHaveProperty('endpoint')
      expect(kind.schemes.length).toBeGreaterThan(0)
    },
  )
})

test('loading the table loads no package of a protocol', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({ load(url, context, next) {
      const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? []
      if (name !== undefined) packages.add(name)
      return next(url, context)
    } })
    await import('./connectors/index.ts')
    console.log(JSON.stringify([...packages]))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
  expect(JSON.parse(stdout)).toEqual(['typebox'])
})
