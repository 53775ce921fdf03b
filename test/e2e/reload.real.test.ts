/**
 * A plant folder that is edited while its plant runs: what is declared otherwise is applied, what is not is not touched,
 * and what is wrong is refused with its place. On a plant started by the product's own command.
 */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { PlantStatus } from '../../board/index.ts'
import { loadPlant } from '../../config/load.ts'
import type { Activation } from '../../model/index.ts'
import { lack, needs } from '../needs.ts'
import { type Snap7Server, startSnap7 } from '../servers/snap7.ts'
import { readWithKafkajs } from './kafkajs.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

let dir: string
let plantDir: string
let s7: Snap7Server
let plant: RunningPlant

beforeAll(async () => {
  if (lack('python')) return
  dir = await mkdtemp(join(tmpdir(), 'millrace-reload-'))
  plantDir = join(dir, 'plant')
  s7 = await startSnap7({ 1: 100 })
  await mkdir(join(plantDir, 'machines'), { recursive: true })
  const services = ['broker', 'connectors', 'processors', 'board']
  const servers = [{ name: 'p1', address: '127.0.0.1', nodeId: 1, services }]
  await edit('plant.yaml', { plant: 'edited', site: 'hall', partitions: 1, servers })
  await edit('machines/pump.yaml', machine('pump', 100))
  await edit('machines/press.yaml', machine('press', 100))
  plant = await startPlant({ plantDir })
  await whenStatus(status => expect(statesOf(status)).toEqual({ press: 'connected', pump: 'connected' }))
}, 180_000)

afterAll(async () => {
  await plant?.dispose()
  await s7?.stop()
  if (dir) await rm(dir, { recursive: true, force: true })
})

const machine = (name: string, scanMs: number, above = 1000) => ({
  source: name,
  connector: 's7',
  options: { endpoint: `s7://127.0.0.1:${s7.port}`, scanMs },
  assets: [
    {
      id: `hall/area/line/${name}`,
      name,
      tags: [{ name: 'level', address: 'DB1,REAL0' }],
      signals: [{ processor: 'limits', name: 'too-high', tag: 'level', alarm: { above } }],
    },
  ],
})

/** Replaces the file whole, as editors do. */
async function edit(name: string, content: object | string): Promise<void> {
  const text = typeof content === 'string' ? content : stringify(content)
  await writeFile(join(plantDir, `${name}.tmp`), text)
  await rename(join(plantDir, `${name}.tmp`), join(plantDir, name))
}

/** What was removed stays to be seen, as stopped. */
const withoutSaw = { press: 'connected', pump: 'connected', saw: 'stopped' }

const statesOf = ({ machines }: PlantStatus) =>
  Object.fromEntries(machines.map(({ source, state }) => [source, state]))

const whenStatus = (check: (status: PlantStatus) => void | Promise<void>) =>
  vi.waitFor(
    async () => {
      const status = await plant.status()
      await check(status)
      return status
    },
    { timeout: 60_000, interval: 500 },
  )

async function said(service: string): Promise<string> {
  return readFile(join(plant.stateDir, 'servers', 'p1', 'logs', `${service}.log`), 'utf8')
}

test('a machine that is added, changed or removed is so in the running plant; the others keep their session', async context => {
  needs(context, 'python')
  const pids = plant.processes().map(({ pid }) => pid)
  const sessions = await s7.clients()
  await edit('machines/press.yaml', machine('press', 50))
  await edit('machines/saw.yaml', machine('saw', 100))
  const status = await whenStatus(status => {
    expect(statesOf(status)).toEqual({ press: 'connected', pump: 'connected', saw: 'connected' })
  })
  // The session of what is declared otherwise ends while the new one begins.
  await vi.waitFor(async () => expect(await s7.clients()).toBe(sessions + 1), { timeout: 20_000 })
  const { hash } = await loadPlant(join(plant.stateDir, 'plant'))
  await whenStatus(({ configuration }) => {
    expect(new Set(configuration.services.map(of => of.hash))).toEqual(new Set([hash]))
    expect(configuration.services.map(({ service }) => service)).toEqual(
      expect.arrayContaining(['connectors', 'processors', 'start']),
    )
  })
  const board = (await (await fetch(`${status.board.url}/api/status`)).json()) as PlantStatus
  expect(board.machines.map(({ source }) => source).sort()).toEqual(['press', 'pump', 'saw'])

  await rm(join(plantDir, 'machines', 'saw.yaml'))
  // Its session says that it has stopped, and then the service why.
  await whenStatus(now => {
    expect(statesOf(now)).toEqual(withoutSaw)
    expect(now.machines.find(({ source }) => source === 'saw')?.reason).toMatch(/no longer declares "saw"/)
  })
  await vi.waitFor(async () => expect(await s7.clients()).toBe(sessions), { timeout: 20_000 })
  expect(plant.processes().map(({ pid }) => pid)).toEqual(pids)
}, 120_000)

test('a mistake is refused with file, line and column, and the plant runs on as it was', async context => {
  needs(context, 'python')
  const good = await readFile(join(plantDir, 'machines', 'press.yaml'), 'utf8')
  await edit('machines/press.yaml', good.replace('scanMs:', 'scnMs:'))
  const { configuration } = await whenStatus(status => expect(status.configuration.refused).toHaveLength(1))
  expect(configuration.refused[0]).toMatchObject({
    by: ['p1/start'],
    problems: [
      { file: 'machines/press.yaml', line: 5, column: 3, message: expect.stringContaining('scnMs') },
    ],
  })
  const { stdout, code } = await plant.millrace('status')
  expect(stdout).toContain('machines/press.yaml:5:3: unknown key "scnMs"')
  expect(code).toBe(3)
  expect(statesOf(await plant.status())).toEqual(withoutSaw)
  await edit('machines/press.yaml', good)
  await whenStatus(status => expect(status.configuration.refused).toEqual([]))
}, 120_000)

test('a limit that is changed judges the next sample, and the activation has its place in the input', async context => {
  needs(context, 'python')
  await edit('machines/press.yaml', machine('press', 50)) // whatever the test before has left
  await edit('machines/pump.yaml', machine('pump', 100, -5))
  await whenStatus(({ alarms }) =>
    expect(alarms.open.map(({ asset }) => asset)).toEqual(['hall/area/line/pump']),
  )
  const { hash } = await loadPlant(join(plant.stateDir, 'plant'))
  const read = await readWithKafkajs<Activation>(plant, 'activations', all =>
    all.some(({ value }) => value.plantHash === hash),
  )
  const hashes = read.map(({ value }) => value.plantHash)
  expect(hashes.at(-1)).toBe(hash)
  expect(new Set(hashes).size).toBe(hashes.length - repeated(hashes))
  expect(read.at(-1)?.value.before).toMatchObject({ topic: 'telemetry', partition: 0 })
}, 120_000)

/** Going back to an earlier folder activates it again. */
const repeated = (hashes: readonly string[]) => hashes.filter((hash, i) => hashes.indexOf(hash) < i).length

test('every service serves its metrics on loopback', async context => {
  needs(context, 'python')
  for (const service of ['connectors', 'processors', 'board']) {
    const url = /"url":"(http:[^"]+metrics)"/.exec(await said(service))?.[1]
    const text = await (await fetch(url!)).text()
    expect(text).toMatch(/millrace_configuration_info\{hash="[0-9a-f]{64}"/)
    if (service === 'connectors')
      expect(text).toMatch(/millrace_samples_received_total\{source="press".*\} [1-9]/)
    if (service === 'processors') expect(text).toMatch(/millrace_records_processed_total\{.*\} [1-9]/)
  }
})
