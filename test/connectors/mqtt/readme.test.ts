import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPlant } from '../../../config/index.ts'
import { driftedFiles } from '../../../scripts/generate.ts'

const readme = await readFile(new URL('../../../connectors/mqtt/README.md', import.meta.url), 'utf8')

test('the tables in the README are those of the schemas', () => {
  expect(readme).toContain('<!-- generated: options -->')
  expect(driftedFiles()).not.toContain('connectors/mqtt/README.md')
})

test("the example passes the plant's check", async () => {
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(readme)!
  const dir = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
  try {
    await mkdir(join(dir, 'machines'))
    const server = '{ name: one, address: 127.0.0.1, nodeId: 1, services: [broker, connectors, processors] }'
    await writeFile(join(dir, 'plant.yaml'), `plant: demo\nsite: demo\nservers:\n  - ${server}\n`)
    await writeFile(join(dir, 'machines', 'broker.yaml'), example!)
    const { sources } = await loadPlant(dir)
    expect(sources.map(({ name, connector }) => [name, connector])).toEqual([['hall-broker', 'mqtt']])
  } finally {
    await rm(dir, { recursive: true })
  }
})
