import { describe, expect, test } from 'vitest'
import { Furnace, wallKWPerK, zoneHeatCapacityKJPerK } from './furnace.ts'

const dt = 0.05
const hallC = 24

function run(furnace: Furnace, seconds: number, onStep: () => void = () => {}): void {
  for (let i = 0; i < Math.round(seconds / dt); i++) {
    furnace.step(dt)
    onStep()
  }
  furnace.measure()
}

describe('the furnace', () => {
  test('answers a step of its power with the time constant of heat capacity over losses', () => {
    const furnace = new Furnace(1, 'f', hallC, hallC)
    furnace.manual = 0.3
    const tau = zoneHeatCapacityKJPerK / wallKWPerK
    run(furnace, tau)
    const atTau = furnace.zones[2].temperatureC - hallC
    run(furnace, 6 * tau)
    const final = furnace.zones[2].temperatureC - hallC
    // Charges and the door cool zone 1, so the last zone ends a little lower than power over losses.
    expect(final).toBeLessThan((0.3 * 50) / wallKWPerK)
    expect(final).toBeGreaterThan(0.6 * ((0.3 * 50) / wallKWPerK))
    expect(Math.abs(atTau / final - (1 - Math.exp(-1)))).toBeLessThan(0.06)
  }, 60_000)

  test('cools without power and heats with full power', () => {
    const furnace = new Furnace(1, 'f', hallC)
    const before = furnace.zones.map(zone => zone.temperatureC)
    furnace.stop(true)
    run(furnace, 120)
    const cooled = furnace.zones.map(zone => zone.temperatureC)
    furnace.manual = 1
    run(furnace, 120)
    for (const index of [0, 1, 2] as const) {
      expect(cooled[index]!).toBeLessThan(before[index]! - 5)
      expect(furnace.zones[index].temperatureC).toBeGreaterThan(cooled[index]! + 5)
    }
  })

  test('the open door and the cold charge cool zone 1, and its controller answers', () => {
    const furnace = new Furnace(1, 'f', hallC)
    run(furnace, 83)
    expect(furnace.doorOpen).toBe(false)
    const before = furnace.zones[0].temperatureC
    run(furnace, 12)
    expect(furnace.charges).toBe(1)
    expect(furnace.zones[0].temperatureC).toBeLessThan(before - 0.5)
    const output = furnace.zones[0].output
    expect(output).toBeGreaterThan(furnace.zones[2].output)
  })

  test('follows its program from 820 to 850 degrees within 20 K', () => {
    const furnace = new Furnace(1, 'f', hallC)
    let worst = 0
    run(furnace, 2_400, () => {
      for (const zone of furnace.zones) worst = Math.max(worst, Math.abs(zone.shownC - furnace.setpointC))
    })
    expect(furnace.readings.programStep).toBe(2)
    expect(furnace.readings.setpoint).toBe(850)
    expect(worst).toBeLessThan(20)
    expect(Math.abs(furnace.readings.deviation)).toBeLessThan(5)
  })
})
