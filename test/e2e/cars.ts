/** The connected-car recording as the data block of a controller: one record a car and step. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordings } from '../needs.ts'
import { createRandom } from '../simulator/random.ts'

/** Columns of the recording in its order; `INT` where it holds small integers. */
const columns = [
  ['coolant-temp', 'REAL'],
  ['intake-air-temp', 'REAL'],
  ['intake-air-flow-speed', 'REAL'],
  ['battery-percentage', 'REAL'],
  ['battery-voltage', 'REAL'],
  ['current-draw', 'REAL'],
  ['speed', 'REAL'],
  ['engine-vibration-amplitude', 'REAL'],
  ['throttle-pos', 'REAL'],
  ['tire-pressure-1-1', 'INT'],
  ['tire-pressure-1-2', 'INT'],
  ['tire-pressure-2-1', 'INT'],
  ['tire-pressure-2-2', 'INT'],
  ['accelerometer-1-1-value', 'REAL'],
  ['accelerometer-1-2-value', 'REAL'],
  ['accelerometer-2-1-value', 'REAL'],
  ['accelerometer-2-2-value', 'REAL'],
  ['control-unit-firmware', 'INT'],
] as const

export const tagNames = columns.map(([name]) => name)
const carBytes = 66
export const carCount = 100

/** One step of all cars: its time in seconds since 1970, and a row of values a car. */
export type Step = { readonly time: number; readonly rows: readonly (readonly number[])[] }

/** A fleet is an area of its own, and three lines. */
export const carId = (car: number, fleet = 'cars'): string => `cars/${fleet}/road-${car % 3}/car-${car + 1}`

export function recordedSteps(): Step[] {
  const text = readFileSync(join(recordings, 'car', 'car-sensor-data.csv'), 'utf8')
  const lines = text
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(','))
  const times = [...new Set(lines.map(([time]) => Number(time)))]
  return times.map(time => {
    const rows: number[][] = []
    for (const [at, car, ...values] of lines) {
      if (Number(at) === time) rows[Number(car?.slice(3)) - 1] = values.map(Number)
    }
    return { time, rows }
  })
}

/** The same shape without the recording, from a seed. */
export function syntheticSteps(count: number, seed: number): Step[] {
  const random = createRandom(seed, 'cars')
  return Array.from({ length: count }, (_, i) => ({
    time: 1_567_606_196 + 10 * i,
    rows: Array.from({ length: carCount }, () =>
      columns.map(([, type]) =>
        type === 'INT' ? Math.floor(random.uniform() * 3000) : Math.fround(random.uniform() * 200),
      ),
    ),
  }))
}

/** The data block at a step: for each car its time, then its values; big endian as the controller keeps them. */
export function blockAt({ time, rows }: Step): Buffer {
  const block = Buffer.alloc(carCount * carBytes)
  rows.forEach((values, car) => {
    let at = car * carBytes
    at = block.writeInt32BE(time, at)
    values.forEach((value, i) => {
      at = columns[i]?.[1] === 'INT' ? block.writeInt16BE(value, at) : block.writeFloatBE(value, at)
    })
  })
  return block
}

/** The machine file of a fleet, whose cars are in one data block. */
export function carMachines(fleet: string, block: number, endpoint: string, scanMs: number) {
  const assets = Array.from({ length: carCount }, (_, car) => {
    let at = car * carBytes + 4
    const tags = columns.map(([name, type]) => {
      const address = `DB${block},${type}${at}`
      at += type === 'INT' ? 2 : 4
      return { name, address, timeFrom: 'time' }
    })
    const time = { name: 'time', address: `DB${block},DINT${car * carBytes}`, timeFrom: 'time' }
    return { id: carId(car, fleet), name: `Car ${car + 1}`, tags: [time, ...tags] }
  })
  return { source: fleet, connector: 's7', options: { endpoint, scanMs }, assets }
}
