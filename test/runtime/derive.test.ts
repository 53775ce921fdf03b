import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadPlant } from '../../config/load.ts'
import { derivePlantFolder } from '../../runtime/derive.ts'
import { claimInstance, runningInstance } from '../../runtime/instance.ts'
import { demoPlant } from '../../runtime/layout.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-runtime-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('the folder a plant is run from', () => {
  test('is the declared one, with one server that runs all services, and the region where it is', async () => {
    const declared = await loadPlant(demoPlant)
    const target = join(dir, 'plant')
    derivePlantFolder(declared, target, { oneServer: true, regionBootstrap: '127.0.0.1:5' })
    const { servers, region, assets } = await loadPlant(target)
    expect(servers).toEqual([
      {
        ...declared.servers[0],
        services: expect.arrayContaining(['broker', 'connectors', 'processors', 'board', 'replicator']),
      },
    ])
    expect(region?.bootstrap).toEqual(['127.0.0.1:5'])
    expect(assets).toEqual(declared.assets)
    expect(readFileSync(join(target, 'plant.yaml'), 'utf8')).toContain('# names the state folder')
  })

  test('forgets what the last start derived', async () => {
    const declared = await loadPlant(demoPlant)
    const target = join(dir, 'plant')
    derivePlantFolder(declared, target, { oneServer: true, regionBootstrap: '127.0.0.1:5' })
    derivePlantFolder(declared, target, { oneServer: false })
    expect((await loadPlant(target)).hash).toBe(declared.hash)
  })
})

describe('a running plant', () => {
  test('is claimed once a state folder; the second claim says by which process', () => {
    const release = claimInstance(dir, demoPlant)
    expect(() => claimInstance(dir, demoPlant)).toThrow(
      new RegExp(`already running \\(process ${process.pid}\\)`),
    )
    release()
    claimInstance(dir, demoPlant)()
    expect(runningInstance(dir)).toBeUndefined()
  })
})
