/**
 * The whole hall loses its power: every broker and service is killed at once, and what was not flushed is thrown away.
 * Programs of others go on posting numbered samples; afterwards each of them is in Kafka once, and every aggregate is the
 * one that their own record gives.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { Aggregate, TelemetryRecord } from '../../model/index.ts'
import { kcatSettings, valuesWithKcat } from '../e2e/kcat.ts'
import { gone, type RunningPlant, startPlant } from '../e2e/running-plant.ts'
import { freePort } from '../free-ports.ts'
import { lack, needs, python } from '../needs.ts'
import { cutLogs } from './cut.ts'

const servers = ['p1', 'p2', 'p3']
const assets = ['hall/a/line-1/m1', 'hall/a/line-2/m2', 'hall/b/line-3/m3', 'hall/b/line-4/m4']
const startMicros = 1_764_000_000_000_000
const periodMicros = 20_000
const cuts = 2

let dir: string
let plant: RunningPlant | undefined
let senders: ChildProcess[] = []
const lost: Map<string, number>[] = []
/** How many numbers each asset's program has posted. */
let posted: number[] = []

beforeAll(async () => {
  if (lack('python', 'kcat')) return
  dir = await mkdtemp(join(tmpdir(), 'millrace-hall-'))
  const port = await freePort()
  await writePlant(port)
  plant = await start()
  senders = assets.map(asset =>
    spawn(
      python,
      [
        join(import.meta.dirname, 'post.py'),
        `http://127.0.0.1:${port}/`,
        asset,
        String(startMicros),
        String(periodMicros),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    ),
  )
  const outcomes = Promise.all(senders.map(numbersOf))
  for (let cut = 0; cut < cuts; cut++) {
    await sleep(15_000)
    await powerCut()
    plant = await start()
  }
  await sleep(5_000)
  for (const { stdin } of senders) stdin!.write('\n')
  posted = await outcomes
  await settled()
}, 600_000)

afterAll(async () => {
  for (const sender of senders) sender.kill('SIGKILL')
  await plant?.dispose()
  if (dir) await rm(dir, { recursive: true, force: true })
})

const start = () =>
  startPlant({
    plantDir: join(dir, 'plant'),
    stateDir: join(dir, 'state'),
    args: ['--no-simulator'],
  })

async function writePlant(port: number): Promise<void> {
  await mkdir(join(dir, 'plant', 'machines'), { recursive: true })
  const server = (name: string, i: number, ...services: string[]) => ({
    name,
    address: `127.0.0.${i}`,
    nodeId: i,
    services: ['broker', ...services],
  })
  const plant = {
    plant: 'hall',
    site: 'hall',
    title: 'Hall',
    partitions: 3,
    servers: [server('p1', 1, 'connectors', 'board'), server('p2', 2, 'processors'), server('p3', 3)],
  }
  const machines = {
    source: 'programs',
    connector: 'http',
    options: { endpoint: `http://127.0.0.1:${port}`, maxRequestsPerSecond: 1000 },
    assets: assets.map(id => ({ id, name: id, tags: [{ name: 'number' }] })),
  }
  await writeFile(join(dir, 'plant', 'plant.yaml'), stringify(plant))
  await writeFile(join(dir, 'plant', 'machines', 'programs.yaml'), stringify(machines))
}

async function numbersOf(sender: ChildProcess): Promise<number> {
  let said = ''
  sender.stdout!.on('data', chunk => {
    said += chunk
  })
  await once(sender, 'close')
  return Number(said)
}

/** Kills whatever runs out of the plant's folder at once, and throws away what no broker had flushed. */
async function powerCut(): Promise<void> {
  const { processes, process: supervisor, stateDir } = plant!
  // The supervisor last: its death would have the others end in good order.
  for (const pid of [...processes().map(({ pid }) => pid), supervisor.pid!]) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // ended with its supervisor
    }
  }
  await gone(stateDir)
  for (const server of servers) lost.push(cutLogs(join(stateDir, 'servers', server, 'broker', 'data')))
}

/** Resolves once the buffers are empty and the processors have read everything. */
async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { sources, lag } = await plant!.status()
      expect(sources.map(({ buffered }) => buffered)).toEqual([0])
      expect(lag.records).toBe(0)
    },
    { timeout: 120_000, interval: 1_000 },
  )
}

const read = async <T>(topic: string): Promise<T[]> =>
  valuesWithKcat(await kcatSettings(plant!, 'lab'), topic)

const lostOf = (topic: string) =>
  lost.flatMap(of => [...of].filter(([name]) => name.startsWith(`${topic}-`)).map(([, offsets]) => offsets))

const numbersTo = (count: number) => Array.from({ length: count }, (_, i) => i)
/** The windows of a second or a minute that numbers fall into, and what is in them. */
function windowsOf(count: number, spanMicros: number): Map<number, number[]> {
  const timeOf = (number: number) => startMicros + number * periodMicros
  const begin = (number: number) => Math.floor(timeOf(number) / spanMicros) * spanMicros
  return Map.groupBy(numbersTo(count), begin)
}

describe('after power cuts of the whole hall', () => {
  test('the cuts took records that were acknowledged', context => {
    needs(context, 'python', 'kcat')
    expect(posted.every(count => count > 500)).toBe(true)
    for (const topic of ['telemetry', 'aggregates-1s', 'state', '__consumer_offsets'])
      expect(lostOf(topic).length, topic).toBeGreaterThan(0)
  })

  test('every number is in telemetry once, and in order', async context => {
    needs(context, 'python', 'kcat')
    const records = await read<TelemetryRecord>('telemetry')
    for (const [i, asset] of assets.entries()) {
      const values = records.filter(record => record.asset === asset).flatMap(({ value }) => value)
      expect(values.length, asset).toBe(posted[i]! + 1)
      expect(values, asset).toEqual(numbersTo(posted[i]! + 1))
    }
    const names = records.map(({ source, epoch, seq }) => `${source}/${epoch}/${seq}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test.each([
    ['aggregates-1s', 1e6],
    ['aggregates-1m', 60e6],
  ])(
    'every window of %s is there, each revision once, and the last is what the numbers give',
    async (topic, span) => {
      const all = await read<Aggregate>(topic)
      for (const [i, asset] of assets.entries()) {
        const found = Map.groupBy(
          // Of the last number, an hour later, a silence may have given out something already.
          all.filter(of => of.asset === asset && of.start < startMicros + posted[i]! * periodMicros),
          ({ start }) => start,
        )
        const due = windowsOf(posted[i]!, span)
        expect([...found.keys()].sort(), asset).toEqual([...due.keys()])
        for (const [start, given] of found) {
          // A silence gives out what there is of a window: the hall was silent while it was without power.
          expect(
            given.map(({ revision }) => revision),
            `${asset} ${start}`,
          ).toEqual(numbersTo(given.length))
          const numbers = due.get(start)!
          const [first, last] = [numbers[0]!, numbers.at(-1)!]
          const { count, min, max, mean } = given.at(-1)!
          expect([count, min, max], `${asset} ${start}`).toEqual([numbers.length, first, last])
          expect(mean).toBeCloseTo((first + last) / 2, 6)
        }
        // Of a window that no silence has cut short there is one revision.
        const again = [...found.values()].filter(({ length }) => length > 1)
        expect(again.length, asset).toBeLessThanOrEqual(cuts)
      }
    },
  )
})
