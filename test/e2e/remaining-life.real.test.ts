/** A fleet that wears out, played into a plant: trained from its Kafka, in the shadow, promoted by rule, rolled back. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Activation, Alarm, Signal } from '../../model/index.ts'
import { readTopic } from '../../runtime/models/read-topic.ts'
import { plantAt } from '../../runtime/plant-at.ts'
import { needs, projectRoot, python } from '../needs.ts'
import { lifeOf, pump, recordAt, signal } from '../processors/remaining-life-fleet.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

const fleet = [1, 2, 3, 4, 5, 6]
const columns = ['heat', 'vibration', 'plate', 'speed']
const pauseHours = 10

const run = promisify(execFile)

let dir: string
let plantDir: string
let plant: RunningPlant

/** The life of pump `like`, begun so many hours after the epoch of the fleet. */
async function lifeFile(like: number, afterHours: number): Promise<string> {
  const rows = Array.from({ length: lifeOf(like) }, (_, i) => {
    const { t, value } = recordAt(like, i + 1)
    return [t[0]! / 1e6 + afterHours * 3_600, ...value].join(',')
  })
  const path = join(dir, `life-${like}-${afterHours}.csv`)
  await writeFile(path, `time,${columns.join(',')}\n${rows.join('\n')}\n`)
  return path
}

const ends = (hours: number) => new Date(Date.UTC(2026, 0, 1) + hours * 3_600_000).toISOString()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-life-'))
  plantDir = join(dir, 'plant')
  await mkdir(join(plantDir, 'machines'), { recursive: true })
  const services = ['broker', 'connectors', 'processors', 'board']
  await writeFile(
    join(plantDir, 'plant.yaml'),
    stringify({
      plant: 'pumps',
      site: 'demo',
      partitions: 1,
      servers: [{ name: 'p1', address: '127.0.0.1', nodeId: 1, services }],
    }),
  )
  for (const number of fleet) {
    const { id, tags } = pump(number)
    const endpoint = pathToFileURL(await lifeFile(number, 0)).href
    const machine = {
      source: `pump-${number}`,
      connector: 'replay',
      options: { endpoint, times: 'recorded', speed: 'max' },
      assets: [
        {
          id,
          name: `Pump ${number}`,
          class: 'pump',
          tags: tags.map(({ name, unit }) => ({ name, column: name, ...(unit && { unit }) })),
          signals: [signal],
        },
      ],
    }
    await writeFile(join(plantDir, 'machines', `pump-${number}.yaml`), stringify(machine))
  }
  plant = await startPlant({ plantDir })
}, 240_000)

afterAll(async () => {
  await plant?.dispose()
  await rm(dir, { recursive: true, force: true })
})

async function recordsOf<T>(topic: string): Promise<T[]> {
  const { connection } = await plantAt({ plant: plantDir, state: plant.stateDir })
  const records: T[] = []
  await readTopic(connectKafka(connection('operator')), topic, [0], ({ value }) => {
    records.push(JSON.parse(value.toString()) as T)
  })
  return records
}

const signalsOf = async (number: number, name: string): Promise<Signal[]> =>
  (await recordsOf<Signal>('signals')).filter(
    ({ asset, signal }) => asset === pump(number).id && signal === name,
  )

const arrived = (number: number, count: number): Promise<Signal[]> =>
  vi.waitFor(
    async () => {
      const signals = await signalsOf(number, 'life')
      expect(signals).toHaveLength(count)
      return signals
    },
    { timeout: 90_000, interval: 500 },
  )

async function millrace<T>(...args: string[]): Promise<T> {
  const { stdout, code } = await plant.millrace(...args, '--json')
  expect(code, stdout).toBe(0)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T
}

/** Plays one more life of a pump, which wears as `like` does. */
async function play(number: number, like: number, afterHours: number): Promise<void> {
  const at = ['--as', pump(number).id, '--source', `pump-${number}-again-${like}`]
  const file = await lifeFile(like, afterHours)
  await millrace('replay', file, ...at, '--times', 'recorded', '--speed', 'max')
}

type Choice = { active: string | null; shadow: string | null }
type Listed = { id: string; role: string; learner: string; lives: number }

let trees: string

test('without a model remaining life is not known, and the reason says so', async () => {
  for (const number of fleet) {
    const signals = await arrived(number, lifeOf(number))
    expect(new Set(signals.map(({ verdict }) => verdict))).toEqual(new Set(['not-known']))
    expect(signals[0]!.reason).toContain('no model of class pump is in force')
  }
}, 180_000)

test('it is trained from the telemetry and the labels in Kafka, and begins in the shadow', async () => {
  for (const number of fleet)
    await millrace('label', pump(number).id, '--failed', '--at', ends(lifeOf(number)))
  const model = await millrace<{ id: string; training: Record<string, unknown> }>('train', 'pump')
  expect(model.training).toMatchObject({
    runs: fleet.length,
    observations: fleet.reduce((sum, number) => sum + lifeOf(number), 0),
    labels: { failed: fleet.length },
    positions: [{ topic: 'telemetry', partition: 0 }],
  })
  trees = model.id
  expect(await millrace<Listed[]>('models', 'list')).toMatchObject([{ id: trees, role: 'shadow' }])
}, 180_000)

test('the shadow speaks, makes no alarm, and is promoted once it has not been worse over whole lives', async () => {
  const { code } = await plant.millrace('models', 'promote', 'pump', '--by-rule', '--lives', '1')
  expect(code).toBe(3)
  const after = lifeOf(1) + pauseHours
  await play(1, 11, after)
  await arrived(1, lifeOf(1) + lifeOf(11))
  const shadow = await signalsOf(1, 'life-shadow')
  expect(shadow).toHaveLength(lifeOf(11))
  expect(shadow.at(-1)!.value).toBeLessThan(15)
  expect(await recordsOf<Alarm>('alarms')).toEqual([])
  await millrace('label', pump(1).id, '--failed', '--at', ends(after + lifeOf(11)))
  const choice = await millrace<Choice>('models', 'promote', 'pump', '--by-rule', '--lives', '1')
  expect(choice).toMatchObject({ active: trees, shadow: null })
}, 180_000)

test('in force it tells hours with an interval, and alarms before the end', async () => {
  await play(2, 12, lifeOf(2) + pauseHours)
  const signals = (await arrived(2, lifeOf(2) + lifeOf(12))).slice(-lifeOf(12))
  expect(new Set(signals.map(({ details }) => details?.model))).toEqual(new Set([trees]))
  expect(signals[0]!.value).toBeGreaterThan(60)
  expect(signals.at(-1)!.value).toBeLessThan(15)
  const alarms = await recordsOf<Alarm>('alarm-events')
  expect(alarms).toContainEqual(
    expect.objectContaining({ asset: pump(2).id, signal: 'life', severity: 'alarm' }),
  )
}, 180_000)

test('another model takes its place by a person, and a rollback is one command', async () => {
  const linear = await millrace<{ id: string }>('train', 'pump', '--learner', 'least-squares')
  expect(await millrace<Choice>('models', 'promote', 'pump')).toMatchObject({
    active: linear.id,
    shadow: trees,
  })
  await play(3, 13, lifeOf(3) + pauseHours)
  const life = (await arrived(3, lifeOf(3) + lifeOf(13))).at(-1)!
  expect(life.details?.model).toBe(linear.id)
  expect(await millrace<Choice>('models', 'rollback', 'pump')).toMatchObject({
    active: trees,
    shadow: linear.id,
  })
  await play(4, 14, lifeOf(4) + pauseHours)
  const back = (await arrived(4, lifeOf(4) + lifeOf(14))).at(-1)!
  expect(back.details?.model).toBe(trees)
  const swaps = (await recordsOf<Activation>('activations')).filter(({ kind }) => kind === 'models')
  expect(swaps.map(({ models }) => models?.pump)).toEqual([
    { active: null, shadow: trees },
    { active: trees, shadow: null },
    { active: linear.id, shadow: trees },
    { active: trees, shadow: linear.id },
  ])
}, 240_000)

test('a data scientist trains in Python with a read-only client, and the plant serves it', async context => {
  needs(context, 'python')
  const client = await millrace<{ files: { settings: string } }>('client', 'lab', '--format', 'kcat')
  const { settings } = client.files
  const examples = join(projectRoot, 'examples')
  const notebook = join(examples, 'remaining-life.ipynb')
  const executed = await run(python, [join(projectRoot, 'test/examples/execute.py'), notebook], {
    env: { ...process.env, MILLRACE_CLIENT: settings },
  })
  expect(Number(executed.stdout.trim())).toBeGreaterThan(4)
  const file = join(dir, 'model.json')
  const args = ['--client', settings, '--asset-class', 'pump', '--out', file]
  await run(python, [join(examples, 'train.py'), ...args])
  const foreign = await millrace<{ id: string; learner: string; training: { runs: number } }>(
    'models',
    'add',
    file,
  )
  expect(foreign).toMatchObject({ learner: 'onnx', training: { runs: fleet.length + 1 } })
  await play(5, 15, lifeOf(5) + pauseHours)
  await arrived(5, lifeOf(5) + lifeOf(15))
  const shadow = await signalsOf(5, 'life-shadow')
  expect(shadow).toHaveLength(lifeOf(15))
  expect(shadow.at(-1)).toMatchObject({ details: { model: foreign.id } })
  expect(shadow.at(-1)!.value).toBeLessThan(20)
  const out = join(dir, 'model.onnx')
  await millrace('models', 'export', trees, '--out', out)
  expect((await stat(out)).size).toBeGreaterThan(10_000)
}, 300_000)
