import { describe, expect, test } from 'vitest'
import { machine, readings } from '../../evaluate/normal/machine.ts'
import { runAsset } from '../../evaluate/normal/plant.ts'

const runs = [0, 1, 2].map(n => [n] as const)

describe('a normal plant', () => {
  test('is the same one with the same seed, and moves', () => {
    const of = (seed: number) => JSON.stringify([...machine(seed, 60)].map(({ values }) => [...values]))
    expect(of(1)).toBe(of(1))
    expect(of(1)).not.toBe(of(2))
    const states = new Set(Array.from(machine(1, 86_400), ({ state }) => state))
    expect(states.size).toBeGreaterThanOrEqual(3)
    expect(readings.length).toBe(4)
  })

  // The two weeks and 30 machines are `npm run evaluate -- normal`.
  test.each(runs)('machine %d raises no more than one alarm in a day', { timeout: 240_000 }, n => {
    const { alarms, judged } = runAsset(n, 1, { learnMs: 7_200_000 })
    expect(judged).toBeGreaterThan(100)
    expect(alarms.length).toBeLessThanOrEqual(1)
  })

  test('has its faults told: the silence is no deafness', { timeout: 240_000 }, () => {
    const vibration = readings.findIndex(({ name }) => name === 'vibration')
    const from = 2 * 86_400 + 10 * 3_600
    const fault = (values: (number | null)[], second: number) => {
      if (second >= from && values[vibration] !== null) values[vibration]! *= 2
    }
    const { alarms } = runAsset(1, 3, { learnMs: 7_200_000, fault })
    const told = alarms.filter(({ day }) => day >= from / 86_400)
    expect(told.length).toBeGreaterThanOrEqual(1)
    expect(told[0]!.reason).toMatch(/^vibration is /)
    expect(alarms.length - told.length).toBeLessThanOrEqual(1)
  })
})
