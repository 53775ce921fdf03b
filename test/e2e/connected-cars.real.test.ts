/** The connected-car plant, quicker: its own folder with twelve of its cars, whose time runs thirty times as fast. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { loadPlant } from '../../config/index.ts'
import { projectRoot } from '../needs.ts'
import { type Car, tagOfFault } from '../simulator/cars/car.ts'
import { type Fleet, startFleet } from '../simulator/cars/fleet.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

const count = 12
const speed = 30
const idOf = (name: string) => `cars/fleet/road-${((Number(name.slice(4)) - 1) % 3) + 1}/${name}`

let dir: string
let fleet: Fleet
let plant: RunningPlant

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-cars-'))
  const plantDir = join(dir, 'plant')
  await cp(join(projectRoot, 'config', 'plants', 'connected-cars'), plantDir, { recursive: true })
  const table = join(plantDir, 'tables', 'cars.csv')
  const rows = (await readFile(table, 'utf8')).split('\n')
  await writeFile(table, `${rows.slice(0, count + 1).join('\n')}\n`)
  const declared = (await loadPlant(plantDir)).assets[0]!.signals[0]!
  const learnS = 60 * Number(declared.learnMinutes)
  const names = Array.from({ length: count }, (_, i) => `car-${i + 1}`)
  fleet = await startFleet({
    ...{ seed: 11, host: '127.0.0.1', port: 0, speed },
    topics: new Map(names.map(name => [name, `cars/${name}/sensors`])),
    // Half of them, soon after the first ones may have come late by the start of the plant.
    plan: { share: 0.5, firstS: learnS + 30 * speed, lastS: learnS + 40 * speed },
    beginMs: Date.now() - 3_600_000,
  })
  const machines = join(plantDir, 'machines', 'fleet.yaml')
  const yaml = await readFile(machines, 'utf8')
  await writeFile(machines, yaml.replace(/mqtt:\/\/\S+/, fleet.endpoint))
  plant = await startPlant({ plantDir, args: ['--no-simulator'] })
}, 240_000)

afterAll(async () => {
  await plant?.dispose()
  await fleet?.close()
  await rm(dir, { recursive: true, force: true })
})

test('learns from the topic what is normal, and finds the faulty cars with the faulty tag in the reason', async () => {
  const faulty = fleet.cars.filter(({ fault }) => fault !== undefined)
  expect(faulty).toHaveLength(count / 2)
  const found = async () => {
    const { alarms } = await plant.status()
    const named = (car: Car) =>
      alarms.open.some(
        ({ asset, reason }) => asset === idOf(car.name) && reason.includes(tagOfFault(car.fault!)),
      )
    return { alarms: alarms.open, cars: faulty.filter(car => car.isFaulty && named(car)) }
  }
  await vi.waitFor(async () => expect((await found()).cars).toHaveLength(faulty.length), {
    timeout: 150_000,
    interval: 1_000,
  })
  const { stdout } = await plant.millrace('tail', 'signals', '--from', 'start', '--limit', '1', '--json')
  expect(JSON.parse(stdout).value).toMatchObject({ signal: 'health', verdict: 'not-known' })
}, 180_000)
