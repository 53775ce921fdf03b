import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkPlant, loadPlant } from '../../config/index.ts'
import { sampleRateHz } from './accelerometer.ts'
import { spindleBearing } from './bearing.ts'
import { sourceNames } from './index.ts'
import { pressPoints } from './press-points.ts'
import { s7Layout } from './s7-layout.ts'

const dir = join(import.meta.dirname, '..', '..', 'config', 'plants', 'demo')
const declared = async (source: string) => {
  const plant = await loadPlant(dir)
  return plant.sources.find(({ name }) => name === source)!.tags
}

describe("the demo plant's folder", () => {
  test('passes its check, and its sources are the simulated ones', async () => {
    const { plant, problems } = await checkPlant(dir)
    expect(problems).toEqual([])
    expect(plant?.sources.map(source => source.name).sort()).toEqual([...sourceNames])
    expect(plant?.simulator).toBeDefined()
  })

  test('reads every variable of the presses, and none that is not there', async () => {
    const there = ['Press1', 'Press2'].flatMap(folder =>
      pressPoints.map(({ name }) => `ns=1;s=${folder}.${name}`),
    )
    const read = (await declared('press')).map(({ address }) => address.nodeId)
    expect(read.toSorted()).toEqual(there.toSorted())
  })

  test('reads every point of the utilities, and its README tells all of them', async () => {
    const there = s7Layout.map(({ address }) => address)
    const read = (await declared('utilities')).map(({ address }) => address.address)
    expect(read.toSorted()).toEqual(there.toSorted())
    const readme = await readFile(join(dir, 'README.md'), 'utf8')
    const told = [...readme.matchAll(/`(DB\d+,[A-Z]+[\d.]+)`/g)].map(match => match[1])
    expect(told.toSorted()).toEqual(there.toSorted())
  })

  test('knows the bearing and the sample rate that the presses have', async () => {
    const { assets } = await loadPlant(dir)
    const presses = assets.filter(({ id }) => id.includes('/line-1/press-'))
    expect(presses).toHaveLength(2)
    for (const { tags, signals } of presses) {
      expect(signals.find(({ name }) => name === 'spindle-bearing')?.bearing).toEqual(spindleBearing)
      expect(tags.find(({ class: kind }) => kind === 'waveform')?.sampleRateHz).toBe(sampleRateHz)
    }
  })
})
