import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkPlant, isPlantError, loadPlant } from '../../config/index.ts'
import { MillraceError } from '../../model/index.ts'

const good = join(import.meta.dirname, 'cases/good/plant')
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-plant-'))
  return () => rm(dir, { recursive: true })
})

const told = async () => (await checkPlant(dir)).problems.map(({ file, message }) => `${file} ${message}`)

describe('a good plant', () => {
  test('is loaded with every default', async () => {
    const plant = await loadPlant(good)
    expect(plant).toMatchObject({ name: 'hall-3', title: 'Hall 3', dir: good, partitions: 3 })
    expect(plant.simulator).toBeUndefined()
    const [press] = plant.sources
    expect(press).toMatchObject({
      name: 'press',
      connector: 'opcua',
      options: { publishingIntervalMs: 250, securityMode: 'SignAndEncrypt' },
      assets: ['graz/press-shop/line-1/press-1', 'graz/press-shop/line-1/press-2'],
    })
    expect(press?.tags[2]).toEqual({
      tag: {
        asset: 'graz/press-shop/line-1/press-1',
        name: 'spindle-vibration',
        class: 'waveform',
        sampleRateHz: 12800,
        unit: 'g',
      },
      address: { nodeId: 'ns=1;s=Press1.Vibration' },
    })
    expect(plant.assets[0]?.signals[0]).toMatchObject({ processor: 'limits', hysteresis: 0 })
    expect(plant.assets[1]?.signals).toEqual([])
  })

  test('has a hash of what is read, and of nothing else', async () => {
    const { hash } = await loadPlant(good)
    await cp(good, dir, { recursive: true })
    await writeFile(join(dir, 'README.md'), 'not read')
    expect((await loadPlant(dir)).hash).toBe(hash)
    await writeFile(join(dir, 'machines/press.yaml'), '\n', { flag: 'a' })
    expect((await loadPlant(dir)).hash).not.toBe(hash)
  })
})

describe('a folder that is none', () => {
  test('one that does not exist', async () => {
    const { problems } = await checkPlant(join(dir, 'nowhere'))
    expect(problems).toEqual([{ file: '.', line: 0, column: 0, path: '', message: 'does not exist' }])
  })

  test('a file', async () => {
    const { problems } = await checkPlant(join(good, 'plant.yaml'))
    expect(problems).toMatchObject([{ file: '.', message: 'is not a folder' }])
  })

  test('an empty one', async () => {
    expect(await told()).toEqual([
      'machines is missing or empty: a machine is declared in machines/NAME.yaml',
      'plant.yaml does not exist',
    ])
  })

  test('folders in place of files, and a file in place of a folder', async () => {
    await mkdir(join(dir, 'plant.yaml'))
    await writeFile(join(dir, 'machines'), '')
    expect(await told()).toEqual(['machines is not a folder', 'plant.yaml is a folder, and should be a file'])
  })
})

test('loading a bad plant rejects with every problem', async () => {
  const bad = join(import.meta.dirname, 'cases/several-files/plant')
  const error = await loadPlant(bad).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MillraceError)
  expect(error).toMatchObject({ code: 'config-invalid', transient: false })
  expect(isPlantError(error) && error.problems).toEqual((await checkPlant(bad)).problems)
})
