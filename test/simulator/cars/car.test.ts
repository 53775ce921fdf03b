import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPlant } from '../../../config/index.ts'
import { needs, projectRoot, recordings } from '../../needs.ts'
import { Car, type CarFault, type CarSample, fleetOf, tagOfFault } from './car.ts'

const plan = { share: 0.3, firstS: 100, lastS: 200 }
const names = Array.from({ length: 20 }, (_, i) => `car-${i + 1}`)

function samples(car: Car, seconds: number): CarSample[] {
  return Array.from({ length: seconds }, (_, s) => {
    car.step(1)
    return car.sample(1_000 * s)
  })
}

const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length

describe('the fleet', () => {
  test('is the same for the same seed, another for another; a share of it gets a fault in time', () => {
    const sent = (seed: number) => JSON.stringify(fleetOf(seed, names, plan).map(car => samples(car, 30)))
    expect(sent(1)).toBe(sent(1))
    expect(sent(1)).not.toBe(sent(2))
    const faults = fleetOf(1, names, plan).flatMap(({ fault }) => fault ?? [])
    expect(faults).toHaveLength(6)
    expect(faults.every(({ fromS }) => fromS >= 100 && fromS <= 200)).toBe(true)
  })

  test.each(['engine-vibration', 'tire-pressure', 'accelerometer'] as const)(
    '%s shows in its tag alone',
    kind => {
      const fault: CarFault = { kind, wheel: '2_1', fromS: 600 }
      const tag = tagOfFault(fault).replaceAll('-', '_')
      const [sound, faulty] = [new Car(3, 'car', { ...fault, fromS: 9_999 }), new Car(3, 'car', fault)].map(
        car => samples(car, 1_200).slice(600),
      )
      const ratio = (field: string) =>
        mean(faulty!.map(sample => sample[field]!)) / mean(sound!.map(sample => sample[field]!))
      const wanted = { 'engine-vibration': 1.5, 'tire-pressure': 22.5 / 32, accelerometer: 7 }[kind]
      expect(ratio(tag) / wanted).toBeGreaterThan(0.93)
      expect(ratio(tag) / wanted).toBeLessThan(1.07)
      expect(Math.abs(ratio('speed') - 1)).toBeLessThan(0.2)
    },
  )
})

test("the plant's template reads every field that a car sends, and none that it does not", async () => {
  const { assets } = await loadPlant(join(projectRoot, 'config', 'plants', 'connected-cars'))
  const fields = Object.keys(new Car(1, 'car').sample(0)).filter(field => field !== 'time')
  expect(assets[0]!.tags.map(({ name }) => name.replaceAll('-', '_')).toSorted()).toEqual(fields.toSorted())
  expect(assets).toHaveLength(50)
})

test("the fields are the recording's", context => {
  needs(context, 'recordings')
  const [header] = readFileSync(join(recordings, 'car', 'car-sensor-data.csv'), 'utf8').split('\n')
  const fields = header!
    .trim()
    .split(',')
    .filter(field => field !== 'car')
  expect(Object.keys(new Car(1, 'car').sample(0)).toSorted()).toEqual(fields.toSorted())
})
