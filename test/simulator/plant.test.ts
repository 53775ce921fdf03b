import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { DemoPlant, stepS } from './plant.ts'

/** Everything a controller would show in `seconds`, as one hash. */
function runHash(seed: number, seconds: number): string {
  const plant = new DemoPlant(seed)
  const hash = createHash('sha256')
  for (let i = 0; i < seconds / stepS; i++) {
    const change = plant.step()
    if (change.readings) hash.update(JSON.stringify(Object.values(plant.machines).map(m => m.readings)))
    for (const press of change.blocks) hash.update(Buffer.from(press.vibration.buffer))
  }
  return hash.digest('hex')
}

describe('the demo plant', () => {
  test('gives the same bytes for the same seed, and others for another', () => {
    const first = runHash(7, 20)
    expect(runHash(7, 20)).toBe(first)
    expect(runHash(8, 20)).not.toBe(first)
  })

  test('gives a vibration block of each press every 2 s and readings every 50 ms', () => {
    const plant = new DemoPlant(1)
    const changes = Array.from({ length: 20 / stepS }, () => plant.step())
    expect(changes.filter(change => change.readings)).toHaveLength(400)
    for (const press of Object.values(plant.presses)) {
      expect(changes.filter(change => change.blocks.includes(press))).toHaveLength(10)
    }
    expect(plant.elapsedS).toBeCloseTo(20)
  })

  test('draws oil from the pump while a ram works', () => {
    const plant = new DemoPlant(1)
    const pressures = { working: [] as number[], resting: [] as number[] }
    for (let i = 0; i < 60 / stepS; i++) {
      plant.step()
      const anyWorks = Object.values(plant.presses).some(press => press.working)
      pressures[anyWorks ? 'working' : 'resting'].push(plant.hydraulics.state.pressureBar)
    }
    expect(Math.min(...pressures.working)).toBeLessThan(Math.max(...pressures.resting) - 1)
  })
})
