import { describe, expect, test } from 'vitest'
import { Hydraulics } from './hydraulics.ts'

const dt = 0.01

function run(pump: Hydraulics, seconds: number, demand = 0): void {
  for (let i = 0; i < Math.round(seconds / dt); i++) pump.step(dt, demand)
  pump.measure()
}

describe('the hydraulic pump', () => {
  test('holds its pressure and delivers what leaks', () => {
    const pump = new Hydraulics(1, 'h', 24)
    run(pump, 60)
    expect(Math.abs(pump.readings.pressure - 160)).toBeLessThan(1)
    expect(Math.abs(pump.readings.flow - pump.readings.leakageFlow)).toBeLessThan(0.5)
  })

  test('delivers more and loses some pressure while oil is drawn', () => {
    const pump = new Hydraulics(1, 'h', 24)
    run(pump, 1, 1)
    expect(pump.readings.flow).toBeGreaterThan(25)
    expect(pump.readings.pressure).toBeLessThan(159)
    expect(pump.readings.pressure).toBeGreaterThan(150)
  })

  test('leaking more makes more flow, more power and hotter oil', () => {
    const settled = (leakage: number) => {
      const pump = new Hydraulics(1, 'h', 24)
      pump.state.leakage = leakage
      run(pump, 1_800)
      return pump.readings
    }
    const sound = settled(0.025)
    const worn = settled(0.1)
    expect(worn.flow).toBeGreaterThan(3 * sound.flow)
    expect(worn.motorPower).toBeGreaterThan(2 * sound.motorPower)
    expect(worn.oilTemperature).toBeGreaterThan(sound.oilTemperature + 2)
  })

  test('stopped, the accumulator empties through the leak with the time constant of both, and the oil cools', () => {
    const pump = new Hydraulics(1, 'h', 24)
    const before = pump.state.oilTemperatureC
    pump.stop(true)
    run(pump, 60)
    expect(pump.readings.running).toBe(false)
    // 0.06 l/bar over 0.025 l/min a bar: 144 s
    expect(Math.abs(pump.readings.pressure - 160 * Math.exp(-60 / 144))).toBeLessThan(2)
    expect(pump.state.oilTemperatureC).toBeLessThan(before)
  })
})
