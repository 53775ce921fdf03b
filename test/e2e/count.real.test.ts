/**
 * The whole path on servers that others wrote, counted: recordings are played through asyncua (OPC UA) and libsnap7 (S7)
 * into a plant started by the product's own command, a broker is killed meanwhile, and kcat and kafkajs, let in by
 * `millrace client`, read what has become of every sample.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { trust } from '../../connectors/opcua/trust.ts'
import type { Aggregate, Alarm, TelemetryRecord } from '../../model/index.ts'
import { lack, type Need, needs } from '../needs.ts'
import { Asyncua } from '../servers/asyncua.ts'
import { type Snap7Server, startSnap7 } from '../servers/snap7.ts'
import {
  bearingId,
  bearingMachines,
  blockLength,
  blocksOf,
  type Recording,
  rateHz,
  recordedBearings,
  syntheticBearings,
  temperatureNode,
  vibrationNode,
} from './bearings.ts'
import { blockAt, carCount, carMachines, recordedSteps, type Step, syntheticSteps, tagNames } from './cars.ts'
import { type Read, readWithKafkajs } from './kafkajs.ts'
import { kcatSettings, valuesWithKcat } from './kcat.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

const run = promisify(execFile)

type Play = {
  readonly name: string
  /** The fleet's name: its source and area. */
  readonly fleet: string
  /** Its data block. */
  readonly block: number
  readonly wanted: readonly Need[]
  readonly steps: () => Step[]
  readonly bearings: () => Recording[]
}

const always: readonly Need[] = ['python', 'kcat']
const plays: Play[] = [
  {
    name: 'recordings',
    fleet: 'recorded',
    block: 1,
    wanted: [...always, 'recordings'],
    steps: recordedSteps,
    bearings: recordedBearings,
  },
  {
    name: 'seeded synthetic signals',
    fleet: 'seeded',
    block: 2,
    wanted: always,
    steps: () => syntheticSteps(20, 7),
    bearings: () => syntheticBearings(7),
  },
]

const scanMs = 100
/** What OPC UA's queues hold is read in time; S7 has none, so its controllers wait for their reader. */
const stepMs = 200
const uncertain = 0x40000000
const startMicros = 1_700_000_000_000_000
const blockMicros = Math.round((blockLength / rateHz) * 1e6)

type Played = Play & { readonly stepsPlayed: Step[]; readonly bearingsPlayed: Recording[] }

let dir: string
let opcua: Asyncua
let s7: Snap7Server
let plant: RunningPlant
let played: Played[] = []

beforeAll(async () => {
  played = plays
    .filter(({ wanted }) => lack(...wanted) === undefined)
    .map(play => ({ ...play, stepsPlayed: play.steps(), bearingsPlayed: play.bearings() }))
  if (played.length === 0) return
  dir = await mkdtemp(join(tmpdir(), 'millrace-count-'))
  const bearings = played.flatMap(({ bearingsPlayed }) => bearingsPlayed)
  s7 = await startSnap7(
    Object.fromEntries(played.map(({ block, stepsPlayed }) => [block, blockAt(stepsPlayed[0]!).length])),
  )
  opcua = await Asyncua.start()
  await opcua.add(bearings.flatMap(nodesOf))
  await setAll(0)
  await writePlant(dir, opcua, s7, played)
  plant = await startPlant({ plantDir: join(dir, 'plant'), args: ['--no-simulator'] })
  await trust(join(plant.stateDir, 'servers', 'p1', 'connectors', 'bearings'), await opcua.certificate())
  await vi.waitFor(async () => expect(await statesOf(plant)).toEqual(['connected']), {
    timeout: 90_000,
    interval: 1000,
  })
  await playAll()
}, 300_000)

afterAll(async () => {
  await plant?.dispose()
  await opcua?.stop()
  await s7?.stop()
  if (dir) await rm(dir, { recursive: true, force: true })
})

/** Every machine at step `i` of its play; a play that is over stays as it was. */
async function setAll(i: number): Promise<void> {
  const blocks = played.flatMap(({ block, stepsPlayed }) => {
    const step = [...stepsPlayed, closingOf(stepsPlayed)][i]
    return step ? [{ number: block, offset: 0, hex: blockAt(step).toString('hex') }] : []
  })
  if (blocks.length > 0) await s7.set(...blocks)
  const settings = played.flatMap(({ bearingsPlayed }) => bearingsPlayed.flatMap(one => settingsOf(one, i)))
  if (settings.length > 0) await opcua.set(...settings)
}

/** An hour later: everything that was counted lies in windows that are over. */
function closingOf(steps: Step[]): Step {
  const last = steps.at(-1)!
  return { ...last, time: last.time + 3600 }
}

/** Plays everything, each step once the one before has been read, and kills a broker in the middle. */
async function playAll(): Promise<void> {
  const count = Math.max(...played.map(({ stepsPlayed }) => stepsPlayed.length))
  for (let i = 1; i <= count; i++) {
    await setAll(i)
    if (i === Math.floor(count / 2)) process.kill(plant.brokerPid('p2'), 'SIGKILL')
    // A reading that began before the step is read again: the second is whole.
    await Promise.all([sleep(stepMs), ...played.map(({ block }) => s7.read(block, 2))])
  }
}

describe.each(plays)('$name played into a plant', ({ fleet, wanted }) => {
  const ours = () => played.find(play => play.fleet === fleet)!
  const countOf = ({ stepsPlayed }: Played) => stepsPlayed.length * carCount * tagNames.length

  test('every sample sent is in Kafka exactly once, with its source time and quality', async context => {
    needs(context, ...wanted)
    const { stepsPlayed, bearingsPlayed } = ours()
    const expected = (stepsPlayed.length + 1) * carCount
    const ofFleet = (read: { value: TelemetryRecord }[]) => read.filter(({ value }) => value.source === fleet)
    const read = await readWithKafkajs<TelemetryRecord>(
      plant,
      'telemetry',
      all => ofFleet(all).length >= expected,
    )
    const records = ofFleet(read).map(({ value }) => value)
    expectGapless(records)
    const sent = new Map(stepsPlayed.map(step => [step.time * 1e6, step]))
    const counted = new Map<string, number>()
    const wrong: string[] = []
    for (const record of records) {
      const car = Number(/car-(\d+)$/.exec(record.asset)?.[1]) - 1
      for (const { tag, t, value, status } of samplesOf(record)) {
        const step = sent.get(t)
        if (!step || tag === 'time') continue
        const key = `${t}/${car}/${tag}`
        counted.set(key, (counted.get(key) ?? 0) + 1)
        const played = step.rows[car]![tagNames.indexOf(tag as never)]!
        if (Math.fround(value as number) !== Math.fround(played) || status !== 0) {
          wrong.push(`${key}: ${value} (${status}) for ${played}`)
        }
      }
    }
    expect(wrong).toEqual([])
    expect(counted.size).toBe(countOf(ours()))
    expect([...counted].filter(([, times]) => times !== 1)).toEqual([])
    const all = read.map(({ value }) => value)
    for (const bearing of bearingsPlayed) {
      const temperatures = all.filter(({ asset }) => asset === bearingId(bearing)).flatMap(samplesOf)
      expect(temperatures).toEqual(
        blocksOf(bearing).map((_, i) => ({
          tag: 'temperature',
          t: timeOfBlock(i),
          value: 20 + i,
          status: statusOfBlock(i),
        })),
      )
    }
  })

  test('every vibration block is there once, to the bit', async context => {
    needs(context, ...wanted)
    const { bearingsPlayed } = ours()
    const keys = new Set(bearingsPlayed.map(bearing => `${bearingId(bearing)}/vibration`))
    const expected = bearingsPlayed.reduce((sum, bearing) => sum + blocksOf(bearing).length, 0)
    const ofPlay = (all: Read<unknown>[]) => all.filter(({ key }) => keys.has(key))
    const read = ofPlay(
      await readWithKafkajs(plant, 'waveforms', all => ofPlay(all).length >= expected, { json: false }),
    )
    expect(read).toHaveLength(expected)
    for (const bearing of bearingsPlayed) {
      const blocks = read.filter(({ key }) => key === `${bearingId(bearing)}/vibration`)
      expect(blocks.map(({ headers }) => Number(headers.t))).toEqual(
        blocksOf(bearing).map((_, i) => timeOfBlock(i)),
      )
      blocksOf(bearing).forEach((block, i) => {
        expect(
          blocks[i]!.bytes.equals(Buffer.from(block.buffer, block.byteOffset, block.byteLength)),
          `${bearing.name}, block ${i}`,
        ).toBe(true)
      })
    }
  })

  test('the damaged inner races raise their alarm with the reason, the sound bearing does not', async context => {
    needs(context, ...wanted)
    const { bearingsPlayed } = ours()
    const ids = new Set(bearingsPlayed.map(bearingId))
    const damaged = new Set(bearingsPlayed.filter(({ faulty }) => faulty).map(bearingId))
    const settings = await kcatSettings(plant)
    const alarms = await vi.waitFor(
      async () => {
        const read = (await valuesWithKcat<Alarm>(settings, 'alarms')).filter(({ asset }) => ids.has(asset))
        expect(new Set(read.filter(({ state }) => state === 'open').map(({ asset }) => asset))).toEqual(
          damaged,
        )
        return read
      },
      { timeout: 60_000, interval: 2_000 },
    )
    for (const alarm of alarms) expect(alarm.reason).toMatch(/inner race/i)
    const { alarms: shown, board } = await plant.status()
    const open = shown.open.map(({ asset }) => asset).filter(asset => ids.has(asset))
    expect(new Set(open)).toEqual(damaged)
    expect((await fetch(`${board.url}/api/status`)).status).toBe(200)
  })

  test('aggregates of every sample arrive in the region, and nothing raw does', async context => {
    needs(context, ...wanted)
    const region = await regionSettings(plant, dir)
    const topics = JSON.parse((await run('kcat', ['-F', region, '-L', '-J'])).stdout).topics as {
      topic: string
    }[]
    expect(topics.map(({ topic }) => topic).filter(name => /telemetry|waveforms/.test(name))).toEqual([])
    // The silence after the closing step may have given its window out, too.
    const closing = closingOf(ours().stepsPlayed).time * 1e6
    await vi.waitFor(
      async () => {
        const aggregates = await valuesWithKcat<Aggregate>(region, 'counted.export.region.aggregates-1m')
        const ofCars = latestRevisions(aggregates).filter(
          ({ asset, tag, end }) => asset.startsWith(`cars/${fleet}/`) && tag !== 'time' && end <= closing,
        )
        expect(ofCars.reduce((sum, { count }) => sum + count, 0)).toBe(countOf(ours()))
        expect(ofCars.every(({ count, good }) => count === good)).toBe(true)
      },
      { timeout: 90_000, interval: 3_000 },
    )
    await vi.waitFor(async () => expect((await plant.status()).replication.records).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 2_000,
    })
  })
})

const timeOfBlock = (i: number) => startMicros + i * blockMicros
const statusOfBlock = (i: number) => (i % 3 === 1 ? uncertain : 0)

function nodesOf(bearing: Recording) {
  return [
    { nodeId: vibrationNode(bearing), type: 'Float', value: [0] },
    { nodeId: temperatureNode(bearing), type: 'Double', value: 0 },
  ]
}

function settingsOf(bearing: Recording, i: number) {
  const block = blocksOf(bearing)[i]
  if (!block) return []
  const sourceMicros = timeOfBlock(i)
  return [
    { nodeId: vibrationNode(bearing), value: [...block], sourceMicros },
    { nodeId: temperatureNode(bearing), value: 20 + i, sourceMicros, status: statusOfBlock(i) },
  ]
}

async function writePlant(dir: string, opcua: Asyncua, s7: Snap7Server, played: Played[]): Promise<void> {
  const machines = join(dir, 'plant', 'machines')
  await mkdir(machines, { recursive: true })
  const server = (name: string, i: number, ...services: string[]) => ({
    name,
    address: `127.0.0.${i}`,
    nodeId: i,
    services: ['broker', ...services],
  })
  const servers = [
    server('p1', 1, 'connectors', 'board'),
    server('p2', 2, 'processors'),
    server('p3', 3, 'replicator'),
  ]
  const region = { name: 'region', exports: ['aggregates-1m'] }
  const plant = { plant: 'counted', site: 'cars', title: 'Counted', partitions: 3, servers, region }
  await writeFile(join(dir, 'plant', 'plant.yaml'), stringify(plant))
  const endpoint = `s7://127.0.0.1:${s7.port}`
  for (const { fleet, block } of played) {
    await writeFile(join(machines, `${fleet}.yaml`), stringify(carMachines(fleet, block, endpoint, scanMs)))
  }
  const bearings = played.flatMap(({ bearingsPlayed }) => bearingsPlayed)
  await writeFile(join(machines, 'bearings.yaml'), stringify(bearingMachines(opcua.endpoint, bearings)))
}

async function statesOf(plant: RunningPlant): Promise<string[]> {
  const { machines } = await plant.status()
  return [...new Set(machines.map(({ state }) => state))]
}

/** Within an epoch a source's records are numbered without a gap, once each. */
function expectGapless(records: TelemetryRecord[]): void {
  const sequence = records.map(({ seq }) => seq).sort((a, b) => a - b)
  expect(sequence).toEqual(Array.from(sequence, (_, i) => i + 1))
}

const samplesOf = ({ tags, tag, t, value, status }: TelemetryRecord) =>
  t.map((time, i) => ({ tag: tags[tag[i]!]!, t: time, value: value[i], status: status[i] }))

function latestRevisions(aggregates: Aggregate[]): Aggregate[] {
  const latest = new Map<string, Aggregate>()
  for (const aggregate of aggregates) {
    const key = `${aggregate.asset}/${aggregate.tag}/${aggregate.start}`
    if (aggregate.revision >= (latest.get(key)?.revision ?? 0)) latest.set(key, aggregate)
  }
  return [...latest.values()]
}

/** The region has its own administrator; its certificates are beside the plant's. */
async function regionSettings(plant: RunningPlant, dir: string): Promise<string> {
  const tls = join(plant.stateDir, 'clients', 'region-admin')
  const { bootstrap } = await plantRegion(plant)
  const file = join(dir, 'region.conf')
  await writeFile(
    file,
    [
      `bootstrap.servers=${bootstrap}`,
      'security.protocol=ssl',
      `ssl.ca.location=${join(tls, 'ca.pem')}`,
      `ssl.certificate.location=${join(tls, 'cert.pem')}`,
      `ssl.key.location=${join(tls, 'key.pem')}`,
      'isolation.level=read_committed',
    ].join('\n'),
  )
  return file
}

async function plantRegion(plant: RunningPlant): Promise<{ bootstrap: string }> {
  const { loadPlant } = await import('../../config/load.ts')
  const { region } = await loadPlant(join(plant.stateDir, 'plant'))
  return { bootstrap: region!.bootstrap![0]! }
}
