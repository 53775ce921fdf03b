/** Recordings played into a running plant, by a declared source and by `millrace replay`, counted by kafkajs. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { Aggregate, TelemetryRecord } from '../../model/index.ts'
import { lastRevisions, strayRevisions, windowsOf } from '../chaos/windows.ts'
import { projectRoot } from '../needs.ts'
import { readWithKafkajs } from './kafkajs.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

const rows = 3_000
const seconds = 300
const startMicros = 1_700_000_000_000_000
const declared = 'demo/hall/line-1/bench'
const undeclared = 'demo/hall/line-1/press-9'

let dir: string
let plant: RunningPlant

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-replay-'))
  const csv = Array.from(
    { length: rows },
    (_, i) => `${startMicros / 1e6 + (i * seconds) / rows},${i},${i % 7}`,
  )
  await writeFile(join(dir, 'press.csv'), `time,Oil Temp,Mode\n${csv.join('\n')}\n`)
  await writeFile(join(dir, 'bench.csv'), 'time,Torque\n0,100\n0.1,200\n')
  await mkdir(join(dir, 'plant', 'machines'), { recursive: true })
  const services = ['broker', 'connectors', 'processors', 'board']
  await writeFile(
    join(dir, 'plant', 'plant.yaml'),
    stringify({
      plant: 'replays',
      site: 'demo',
      servers: [{ name: 'p1', address: '127.0.0.1', nodeId: 1, services }],
    }),
  )
  const tags = [{ name: 'torque', column: 'Torque', scale: 0.01, unit: 'kN.m' }]
  await writeFile(
    join(dir, 'plant', 'machines', 'bench.yaml'),
    stringify({
      source: 'bench',
      connector: 'replay',
      options: { endpoint: pathToFileURL(join(dir, 'bench.csv')).href, loop: true },
      assets: [{ id: declared, name: 'Test bench', tags }],
    }),
  )
  plant = await startPlant({ plantDir: join(dir, 'plant') })
}, 240_000)

afterAll(async () => {
  await plant?.dispose()
  await rm(dir, { recursive: true, force: true })
})

const replay = async (...args: string[]) => {
  const { stdout, code } = await plant.millrace('replay', join(dir, 'press.csv'), '--as', undeclared, ...args)
  expect(code, stdout).toBe(0)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as { samples: number; source: string }
}
const recorded = ['--times', 'recorded', '--speed', 'max', '--json'] as const

/** Plays at a pace at which it takes seconds, and is killed once some of it is on disk. */
async function killedOnTheWay(): Promise<void> {
  const at = ['--plant', join(dir, 'plant'), '--state', plant.stateDir]
  const millrace = join(projectRoot, 'runtime', 'millrace.ts')
  const args = ['replay', join(dir, 'press.csv'), '--as', undeclared, '--times', 'recorded', '--speed', '30']
  const child = spawn(process.execPath, [millrace, ...args, ...at], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const buffer = join(plant.stateDir, 'servers', 'p1', 'connectors', 'replay-press', 'buffer.db')
  await vi.waitFor(() => expect(framesPlayed(buffer)).toBeGreaterThan(100), { timeout: 60_000, interval: 50 })
  child.kill('SIGKILL')
  await ended
  expect(framesPlayed(buffer)).toBeLessThan(rows)
}

function framesPlayed(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const row = db.prepare("SELECT value FROM meta WHERE name = 'resume'").get()
    return (JSON.parse(String(row?.value ?? '{}')) as { frames?: number }).frames ?? 0
  } finally {
    db.close()
  }
}

test('a recording is in Kafka once, killed on the way and however often it is played as recorded', async () => {
  await killedOnTheWay()
  const { source, samples } = await replay(...recorded)
  expect(source).toBe('replay-press')
  expect(samples).toBeGreaterThan(0)
  expect(samples).toBeLessThan(2 * rows)
  expect(await replay(...recorded)).toMatchObject({ samples: 0 })
  const ofPress = ({ value }: { value: TelemetryRecord }) => value.source === 'replay-press'
  const count = (all: { value: TelemetryRecord }[]) =>
    all.filter(ofPress).reduce((sum, { value }) => sum + value.t.length, 0)
  const read = await readWithKafkajs<TelemetryRecord>(plant, 'telemetry', all => count(all) >= 2 * rows)
  expect(count(read)).toBe(2 * rows)
  const oil = read
    .filter(ofPress)
    .flatMap(({ value: { tags, tag, value } }) => value.filter((_, i) => tags[tag[i]!] === 'oil-temp'))
  expect(oil).toEqual(Array.from({ length: rows }, (_, i) => i))
})

test('tags and an asset that nobody declares are aggregated like any other, without a unit', async () => {
  const ofPress = (all: { value: Aggregate }[]) =>
    all.map(({ value }) => value).filter(({ asset, tag }) => asset === undeclared && tag === 'oil-temp')
  const samplesIn = (windows: readonly { count: number }[]) =>
    windows.reduce((sum, { count }) => sum + count, 0)
  // The last window, and the one in which playing was killed, end in a silence: ticks give them out as they stand.
  const read = await readWithKafkajs<Aggregate>(
    plant,
    'aggregates-1s',
    all => samplesIn(lastRevisions(ofPress(all))) >= rows,
  )
  const windows = ofPress(read)
  const played = Array.from({ length: rows }, (_, i) => {
    return { asset: undeclared, tag: 'oil-temp', t: startMicros + (i * seconds * 1e6) / rows, value: i }
  })
  expect(lastRevisions(windows)).toEqual(windowsOf(played, 1_000_000))
  expect(strayRevisions(windows)).toEqual([])
  expect(windows.every(({ unit }) => unit === undefined)).toBe(true)
})

test('played as now it is new every time, and status shows it beside the declared machines', async () => {
  const now = ['--speed', '300', '--source', 'again', '--json']
  expect(await replay(...now)).toMatchObject({ source: 'again', samples: 2 * rows })
  const machines = await vi.waitFor(async () => {
    const { machines } = await plant.status()
    expect(machines.map(({ asset }) => asset)).toEqual([declared, undeclared])
    return machines
  }, 30_000)
  expect(machines[0]).toMatchObject({ state: 'connected', connector: 'replay' })
  expect(await replay(...now)).toMatchObject({ samples: 2 * rows })
}, 180_000)

test('a source that the plant declares cannot be taken for it', async () => {
  const { stdout, code } = await plant.millrace('replay', join(dir, 'press.csv'), '--source', 'bench')
  expect([code, stdout]).toEqual([1, expect.stringMatching(/has a source "bench" already/)])
})
