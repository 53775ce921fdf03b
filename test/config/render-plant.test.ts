import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPlant } from '../../config/index.ts'
import { checkFolder } from '../../config/load.ts'
import { expandedSources, renderExpanded } from '../../config/render-plant.ts'

const dir = join(import.meta.dirname, 'cases/good-templates/plant')

test('an expanded plant is a plant: checked again, it is the same but for where things come from', async () => {
  const plant = await loadPlant(dir)
  expect(plant.assets.map(({ name }) => name)).toEqual(['The first press', 'Press 2', 'Press 3', 'Pump'])
  const machine = new TextEncoder().encode(renderExpanded(plant))
  const files = new Map([
    ['plant.yaml', readFileSync(join(dir, 'plant.yaml'))],
    ['machines/presses.yaml', machine],
  ])
  const { plant: again, problems } = checkFolder({ dir, files, problems: [] })
  expect(problems).toEqual([])
  expect(again).toEqual({ ...plant, hash: again?.hash })
})

test('a row of a table, the entry that names it, and defaults of the template come together', async () => {
  const [presses] = expandedSources(await loadPlant(dir))
  expect(presses?.assets[2]).toMatchObject({
    id: 'graz/press-shop/line-1/press-3',
    tags: [
      { name: 'oil-temperature', address: 'DB103,REAL8', range: [-20, 90] },
      { name: 'ram-force', address: 'DB103,INT12' },
    ],
  })
})

test('templates and tables are part of the hash', async () => {
  const before = (await loadPlant(dir)).hash
  const files = new Map(
    ['plant.yaml', 'machines/presses.yaml', 'templates/press.yaml', 'tables/presses.csv'].map(name => [
      name,
      readFileSync(join(dir, name)),
    ]),
  )
  expect(checkFolder({ dir, files, problems: [] }).plant?.hash).toBe(before)
  files.set('tables/presses.csv', Buffer.concat([files.get('tables/presses.csv')!, Buffer.from('\n')]))
  const changed = checkFolder({ dir, files, problems: [] }).plant
  expect(changed?.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(changed?.hash).not.toBe(before)
})
