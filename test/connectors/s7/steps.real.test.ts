/**
 * Source time from a field of the data block: what a controller steps through arrives whole, once, and with the step's
 * own time, at the pace promised for it (a step that stays for two scans is captured).
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TagAddress } from '../../../connectors/s7/index.ts'
import { type Sample, shortestFloat32, status } from '../../../model/index.ts'
import { carCount, carId, recordedSteps, type Step, syntheticSteps, tagNames } from '../../e2e/cars.ts'
import { needs } from '../../needs.ts'
import { type Setting, type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import { Collector } from '../collector.ts'
import type { Running } from '../running.ts'
import { type DeclaredTag, declare, type Left, optionsFor, start } from './plc.ts'

const rowBytes = 4 + 4 * tagNames.length
/** Emitted at every scan, and so tells a test when a scan is done. */
const beat = declare('beat', { address: 'DB900,INT0', onChange: 'never' }, { asset: 'cars/road/clock/beat' })

type Car = { readonly time: DeclaredTag; readonly values: readonly DeclaredTag[] }
/** Where the rows and times of the cars are in the controller. */
type Memory = {
  readonly blocks: Record<number, number>
  cars(): Car[]
  settings(step: Step): Setting[]
}

function rowTags(car: number, at: (column: number) => string, timeFrom: string): DeclaredTag[] {
  const asset = carId(car)
  return tagNames.map((name, column) => declare(name, { address: at(column), timeFrom }, { asset }))
}

function timeTag(address: TagAddress, asset: string): DeclaredTag {
  return declare('time', { ...address, timeFrom: 'time' }, { asset })
}

function rowOf({ time, rows }: Step, car: number): Buffer {
  const row = Buffer.alloc(rowBytes)
  row.writeUInt32BE(time, 0)
  for (const [column, value] of rows[car]!.entries()) row.writeFloatBE(value, 4 + 4 * column)
  return row
}

const cars = Array.from({ length: carCount }, (_, car) => car)
const oneBlock: Memory = {
  blocks: { 1: carCount * rowBytes },
  cars: () =>
    cars.map(car => ({
      time: timeTag({ address: `DB1,UDINT${car * rowBytes}` }, carId(car)),
      values: rowTags(car, column => `DB1,REAL${car * rowBytes + 4 + 4 * column}`, 'time'),
    })),
  settings: step => [
    { number: 1, offset: 0, hex: Buffer.concat(cars.map(car => rowOf(step, car))).toString('hex') },
  ],
}
const blockEach: Memory = {
  blocks: Object.fromEntries(cars.map(car => [car + 1, rowBytes])),
  cars: () =>
    cars.map(car => ({
      time: timeTag({ address: `DB${car + 1},UDINT0` }, carId(car)),
      values: rowTags(car, column => `DB${car + 1},REAL${4 + 4 * column}`, 'time'),
    })),
  settings: step => cars.map(car => ({ number: car + 1, offset: 0, hex: rowOf(step, car).toString('hex') })),
}
/** One time for all, in a block of its own: read before and after the rows. */
const timeApart: Memory = {
  blocks: { 1: 4, 2: carCount * rowBytes },
  cars: () => {
    const time = timeTag({ address: 'DB1,UDINT0' }, 'cars/road/clock/clock')
    const timeFrom = `${time.tag.asset}/time`
    return cars.map(car => ({
      time,
      values: rowTags(car, column => `DB2,REAL${car * rowBytes + 4 + 4 * column}`, timeFrom),
    }))
  },
  settings: step => [
    { number: 1, offset: 0, hex: step.time.toString(16).padStart(8, '0') },
    { number: 2, offset: 0, hex: Buffer.concat(cars.map(car => rowOf(step, car))).toString('hex') },
  ],
}

describe('steps of a controller', () => {
  const closing: (() => Promise<unknown>)[] = []
  let left: Left
  beforeEach(context => {
    needs(context, 'python')
    left = {}
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const serve = async (memory: Memory, port?: number): Promise<Snap7Server> => {
    const server = await startSnap7({ ...memory.blocks, 900: 2 }, port)
    closing.push(() => server.stop())
    return server
  }
  const tagsOf = (memory: Memory): DeclaredTag[] => [
    ...new Set(memory.cars().flatMap(({ time, values }) => [time, ...values])),
    beat,
  ]
  const capture = async (server: Snap7Server, tags: readonly DeclaredTag[], collector = new Collector()) => {
    const running = await start(tags, optionsFor(server.port, { scanMs: 20 }), left, collector)
    closing.push(running.stop)
    return running
  }

  test.for([
    ['rows in one block, recorded', oneBlock, true, 100],
    ['a block each, recorded', blockEach, true, 10],
    ['time in a block of its own, recorded', timeApart, true, 10],
    ['rows in one block, synthetic', oneBlock, false, 10],
    ['a block each, synthetic', blockEach, false, 10],
    ['time in a block of its own, synthetic', timeApart, false, 10],
  ] as const)('%s: every value once, with its own time', async ([, memory, recorded, count], context) => {
    if (recorded) needs(context, 'recordings')
    const steps = recorded ? recordedSteps().slice(0, count) : syntheticSteps(count, 7)
    const server = await serve(memory)
    await server.set(...memory.settings(steps[0]!))
    const running = await capture(server, tagsOf(memory))
    for (const step of steps) {
      await server.set(...memory.settings(step))
      await scans(running, 2)
    }
    await scans(running, 3)
    expectEachOnce(running.collector, steps)
    expect(running.collector.problems.size).toBe(0)
  })

  test('a step is not captured again after the controller was killed and a new session begins', async () => {
    const steps = syntheticSteps(4, 8)
    const first = await serve(oneBlock)
    const tags = tagsOf(oneBlock)
    await first.set(...oneBlock.settings(steps[0]!))
    const collector = new Collector()
    const before = await capture(first, tags, collector)
    await scans(before, 2)
    await first.set(...oneBlock.settings(steps[1]!))
    await scans(before, 2)
    await first.kill()
    await expect(before.end).rejects.toMatchObject({ code: 'session-lost' })
    await before.connector.close()
    const second = await serve(oneBlock, first.port)
    await second.set(...oneBlock.settings(steps[1]!))
    const after = await capture(second, tags, collector)
    for (const step of steps.slice(1)) {
      await second.set(...oneBlock.settings(step))
      await scans(after, 2)
    }
    expectEachOnce(collector, steps)
  })

  test.each([
    ['in one block', 'DB1,UDINT0', 'DB1,UDINT4', 0],
    // Each reading of two blocks takes three answers, and is repeated when a change falls into it.
    ['in two blocks', 'DB1,UDINT0', 'DB2,UDINT0', 5],
  ])(
    'a time and a value %s, changed together all the time: no good sample mixes two steps',
    async (_, at, valueAt, pauseMs) => {
      const server = await startSnap7({ 1: 8, 2: 4 })
      closing.push(() => server.stop())
      const tags = [
        declare('time', { address: at, timeFrom: 'time' }),
        declare('value', { address: valueAt, timeFrom: 'time' }),
      ]
      const running = await capture(server, tags)
      const seconds = await race(running, pauseMs, second => {
        const hex = second.toString(16).padStart(8, '0')
        const value = valueAt === 'DB2,UDINT0' ? { number: 2, offset: 0 } : { number: 1, offset: 4 }
        return server.set({ number: 1, offset: 0, hex }, { ...value, hex })
      })
      const good = running.collector.of(tags[1]!.tag).filter(sample => sample.status === status.good)
      expect(good.length).toBeGreaterThan(20)
      for (const { value, t } of good) expect(t).toBe((value as number) * 1e6)
      expect(new Set(good.map(({ t }) => t)).size).toBe(good.length)
      expect(seconds).toBeGreaterThan(good.length)
    },
  )

  test('a pair in one item is never torn', async () => {
    const server = await startSnap7({ 1: 200 })
    closing.push(() => server.stop())
    const [left, right] = [declare('left', 'DB1,UDINT0'), declare('right', 'DB1,UDINT34')] as const
    const running = await capture(server, [left, right])
    await race(running, 0, count => {
      const hex = count.toString(16).padStart(8, '0')
      return server.set({ number: 1, offset: 0, hex }, { number: 1, offset: 34, hex })
    })
    const lefts = running.collector.of(left.tag).map(({ value }) => value)
    expect(new Set(lefts).size).toBeGreaterThan(20)
    expect(running.collector.of(right.tag).map(({ value }) => value)).toEqual(lefts)
  })
})

/** Resolves when so many more scans are done: of these, all but the first have begun after the call. */
async function scans({ collector }: Running, count: number): Promise<void> {
  const before = collector.samples.length
  const isBeat = ({ tag }: Sample) => tag === beat.tag
  await collector.until(() => collector.samples.slice(before).filter(isBeat).length >= count, 30_000)
}

/** Changes the controller for two seconds, again and again; resolves with the number of changes. */
async function race(
  { collector }: Running,
  pauseMs: number,
  change: (number: number) => Promise<void>,
): Promise<number> {
  const first = 1_700_000_000
  let number = first
  const end = performance.now() + 2000
  while (performance.now() < end) {
    await change(number++)
    if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
  await collector.until(() => collector.samples.length > 0)
  return number - first
}

function expectEachOnce(collector: Collector, steps: readonly Step[]): void {
  const carSamples = collector.samples.filter(({ tag }) => tag.name !== 'beat' && tag.name !== 'time')
  expect(carSamples.every(sample => sample.status === status.good)).toBe(true)
  const found = Map.groupBy(carSamples, ({ tag, t }: Sample) => `${tag.asset} ${tag.name} ${t}`)
  expect(carSamples).toHaveLength(steps.length * carCount * tagNames.length)
  expect(found.size).toBe(carSamples.length)
  for (const { time, rows } of steps) {
    for (const [car, row] of rows.entries()) {
      const values = tagNames.map(name => found.get(`${carId(car)} ${name} ${time * 1e6}`)?.[0]?.value)
      expect(values).toEqual(row.map(value => shortestFloat32(Math.fround(value))))
    }
  }
}
