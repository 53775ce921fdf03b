import { describe, expect, test } from 'vitest'
import {
  createBearing,
  frictionTorque,
  innerRaceOrder,
  soundWear,
  spindleBearing,
  stepBearing,
} from './bearing.ts'

const hallC = 24
const ratedRadS = (2 * Math.PI * 1_500) / 60

describe('the spindle bearing', () => {
  test('has the inner race order of the 6205 data sheet: 5.4152 passes a turn', () => {
    expect(innerRaceOrder(spindleBearing)).toBeCloseTo(5.4152, 2)
  })

  test('starts settled, and stays there while nothing changes', () => {
    const bearing = createBearing(soundWear, 0, hallC, ratedRadS)
    const before = bearing.temperatureC
    for (let s = 0; s < 600; s++) stepBearing(bearing, 1, ratedRadS, hallC)
    expect(bearing.temperatureC).toBeCloseTo(before, 6)
    expect(before).toBeGreaterThan(hallC + 10)
  })

  test('follows its friction with a time constant of 90 s', () => {
    const bearing = createBearing(soundWear, 0, hallC, ratedRadS)
    const before = bearing.temperatureC
    bearing.wear = 1
    const after = (seconds: number) => {
      for (let s = 0; s < seconds; s++) stepBearing(bearing, 1, ratedRadS, hallC)
      return bearing.temperatureC - before
    }
    const at90 = after(90)
    expect(at90 / after(1_800)).toBeCloseTo(1 - Math.exp(-1), 2)
  })

  test('cools to the temperature of the hall when it stands', () => {
    const bearing = createBearing(0.5, 0, hallC, ratedRadS)
    for (let s = 0; s < 900; s++) stepBearing(bearing, 1, 0, hallC)
    expect(bearing.temperatureC).toBeCloseTo(hallC, 1)
  })

  test('wears with the turns it makes, up to a track that is all spalled', () => {
    const bearing = createBearing(0, 0.001, hallC, ratedRadS)
    for (let s = 0; s < 100; s++) stepBearing(bearing, 1, ratedRadS / 2, hallC)
    expect(bearing.wear).toBeCloseTo(0.05)
    stepBearing(bearing, 100, 0, hallC)
    expect(bearing.wear).toBeCloseTo(0.05)
    const friction = frictionTorque(bearing)
    stepBearing(bearing, 10_000, ratedRadS, hallC)
    expect(bearing.wear).toBe(1)
    expect(frictionTorque(bearing)).toBeGreaterThan(2.5 * friction)
  })
})
