import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadPlant } from '../../config/load.ts'
import { followFolder, type Outcome } from '../../runtime/follow-folder.ts'
import { demoPlant } from '../../runtime/layout.ts'
import { notLive, type PlantFeed, plantFeed } from '../../runtime/plant-feed.ts'

let dir: string
let plants: PlantFeed
let outcomes: Outcome[]
let stop: AbortController
let following: Promise<void>
beforeEach(async () => {
  dir = join(mkdtempSync(join(tmpdir(), 'millrace-follow-')), 'plant')
  cpSync(demoPlant, dir, { recursive: true })
  plants = plantFeed(await loadPlant(dir))
  outcomes = []
  stop = new AbortController()
  const onOutcome = (outcome: Outcome) => void outcomes.push(outcome)
  following = followFolder({ dir, plants, signal: stop.signal, onOutcome })
})
afterEach(async () => {
  stop.abort()
  await following
  rmSync(join(dir, '..'), { recursive: true, force: true })
})

const file = (name: string) => join(dir, name)
const replace = (name: string, from: string | RegExp, to: string) => {
  const before = readFileSync(file(name), 'utf8')
  const after = before.replace(from, to)
  expect(after).not.toBe(before)
  writeFileSync(`${file(name)}.tmp`, after)
  renameSync(`${file(name)}.tmp`, file(name)) // as editors do
}
const outcome = () =>
  vi.waitFor(
    () => {
      expect(outcomes.length).toBeGreaterThan(0)
      return outcomes.shift()!
    },
    { timeout: 15_000 },
  )

describe('a followed plant folder', () => {
  test('takes effect when it passes its check; a bad change is refused with its place until it is mended', async () => {
    const before = plants.current
    replace('machines/press.yaml', /name: Press 1/, 'name: Press One')
    const accepted = await outcome()
    expect(accepted).toEqual({ plantHash: plants.current.hash })
    expect(plants.current.hash).not.toBe(before.hash)
    expect(plants.current.assets[0]?.name).toBe('Press One')

    const good = readFileSync(file('machines/press.yaml'), 'utf8')
    replace('machines/press.yaml', /connector: opcua/, 'connector: opcuaa')
    const { refused, text, plantHash } = await outcome()
    expect(refused?.problems[0]).toMatchObject({ file: 'machines/press.yaml', line: expect.any(Number) })
    expect(refused?.problems[0]?.line).toBeGreaterThan(0)
    expect(text).toContain('did you mean "opcua"?')
    expect(plantHash).toBe(accepted.plantHash)
    expect(plants.current.hash).toBe(accepted.plantHash)

    writeFileSync(file('machines/press.yaml'), good)
    expect(await outcome()).toEqual({ plantHash: accepted.plantHash })
  })

  test('is seen when the folder itself is swapped for another', async () => {
    const next = `${dir}.next`
    cpSync(dir, next, { recursive: true })
    const press = readFileSync(join(next, 'machines/press.yaml'), 'utf8')
    writeFileSync(join(next, 'machines/press.yaml'), press.replace('name: Press 1', 'name: Press Two'))
    renameSync(dir, `${dir}.last`)
    renameSync(next, dir)
    await outcome()
    expect(plants.current.assets[0]?.name).toBe('Press Two')
  })

  test('that changes what a running plant cannot is refused in a sentence', async () => {
    replace('plant.yaml', /partitions: \d+/, 'partitions: 12')
    const { refused } = await outcome()
    expect(refused?.problems.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      'plant.yaml: cannot be changed while the plant runs: "partitions" is fixed at install: records would change their partition; it takes a new install',
    ])
  })
})

test('machines, title, aggregates and alarms may change while the plant runs; what others stand on may not', async () => {
  const plant = await loadPlant(demoPlant)
  expect(notLive(plant, { ...plant, title: 'x', sources: [], assets: [], aggregates: {} as never })).toEqual(
    [],
  )
  const other = { ...plant, site: 'x', servers: [], simulator: { seed: 5 } }
  expect(notLive(plant, other).map(({ message }) => /"(\w+)"/.exec(message)?.[1])).toEqual([
    'site',
    'servers',
    'simulator',
  ])
})
