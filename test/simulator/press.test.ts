import { describe, expect, test } from 'vitest'
import { soundWear } from './bearing.ts'
import { Press } from './press.ts'

const dt = 0.01
const spec = { name: 'p', ambientC: 24, wear: soundWear, wearPerS: 0, coilStrokes: 0 }

function run(press: Press, seconds: number, onStep: () => void = () => {}): void {
  for (let i = 0; i < Math.round(seconds / dt); i++) {
    press.step(dt)
    onStep()
  }
  press.measure()
}

describe('a press', () => {
  test('makes a part about every 1.5 s with the force of its stroke', () => {
    const press = new Press(1, spec)
    run(press, 60)
    expect(press.readings.partCount).toBeGreaterThanOrEqual(38)
    expect(press.readings.partCount).toBeLessThanOrEqual(40)
    expect(press.readings.cycleTime).toBeCloseTo(1.52, 1)
    expect(Math.abs(press.readings.ramForce - 800)).toBeLessThan(100)
  })

  test('draws the work of a stroke from the flywheel: torque up, speed down by about 1 %', () => {
    const press = new Press(1, spec)
    const speeds: number[] = []
    run(press, 10, () => speeds.push(press.drive.speedRadS))
    const dip = 1 - Math.min(...speeds) / Math.max(...speeds)
    expect(dip).toBeGreaterThan(0.004)
    expect(dip).toBeLessThan(0.02)
  })

  test('balances power over a stroke: the motor gives what friction and ram take', () => {
    const press = new Press(1, spec)
    run(press, 10)
    let motorJ = 0
    const partsBefore = press.readings.partCount
    run(press, 60, () => {
      motorJ += press.drive.torqueNm * press.drive.speedRadS * dt
    })
    const ramJ = (press.readings.partCount - partsBefore) * 8_000
    const frictionJ = (9 + 2.5) * 154.6 * 60
    expect(motorJ / (ramJ + frictionJ)).toBeCloseTo(1, 1)
  })

  test('idles after 160 strokes while the coil is changed, its spindle turning', () => {
    const press = new Press(1, { ...spec, coilStrokes: 158 })
    run(press, 5)
    expect(press.mode).toBe('idle')
    expect(press.readings.spindleSpeed).toBeGreaterThan(1_480)
    run(press, 25)
    expect(press.mode).toBe('running')
  })

  test('stops: no current, the flywheel runs down by its friction, no more parts; starts again by itself afterwards', () => {
    const press = new Press(1, spec)
    run(press, 5)
    press.stop(true)
    const parts = press.readings.partCount
    const before = press.drive.speedRadS
    run(press, 100)
    expect(press.readings.mode).toBe('stopped')
    expect(press.readings.motorCurrent).toBeLessThan(0.5)
    // 9 + 2.5 Nm on 40 kg m2
    expect(before - press.drive.speedRadS).toBeCloseTo((11.5 / 40) * 100, 0)
    expect(press.readings.partCount).toBe(parts)
    press.stop(false)
    run(press, 1)
    expect(press.readings.mode).toBe('idle')
    run(press, 30)
    expect(press.readings.mode).toBe('running')
    expect(press.readings.partCount).toBeGreaterThan(parts)
  })

  test('wear feeds friction: a worn bearing is hotter and the idling motor draws more', () => {
    const settled = (wear: number) => {
      const press = new Press(1, { ...spec, wear, coilStrokes: 159 })
      run(press, 15)
      expect(press.mode).toBe('idle')
      return { temperature: press.bearing.temperatureC, torque: press.drive.torqueNm }
    }
    const sound = settled(soundWear)
    const worn = settled(1)
    expect(worn.temperature - sound.temperature).toBeGreaterThan(10)
    expect(worn.torque - sound.torque).toBeGreaterThan(2)
  })

  test('a repair puts in a bearing that does not wear', () => {
    const press = new Press(1, { ...spec, wear: 0.5, wearPerS: 0.001 })
    run(press, 5)
    expect(press.bearing.wear).toBeGreaterThan(0.5)
    press.repairBearing()
    run(press, 5)
    expect(press.bearing.wear).toBe(soundWear)
  })
})
