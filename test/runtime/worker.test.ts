import { describe, expect, test } from 'vitest'
import { loadPlant } from '../../config/load.ts'
import type { Plant, SignalSpec } from '../../config/plant.ts'
import type { InRecord, OutRecord } from '../../edge-broker/kafka.ts'
import { merged } from '../../runtime/backtest/kafka-history.ts'
import { demoPlant } from '../../runtime/layout.ts'
import { chainWorker } from '../../runtime/worker.ts'

const plant = await loadPlant(demoPlant)
const asset = plant.assets[0]!.id
const tag = 'motor-temperature'

const record = (
  topic: string,
  value: Buffer | string | null,
  headers: Record<string, string> = {},
): InRecord => ({
  topic,
  partition: 0,
  offset: 0n,
  timestamp: 77,
  key: asset,
  value: typeof value === 'string' ? Buffer.from(value) : value,
  headers: new Map(Object.entries(headers)),
})

/** One sample a second: record `seq` is stamped with second `seq`, and was received then. */
const telemetry = (seq: number, value: number, epoch = 1): InRecord => ({
  ...record(
    'telemetry',
    JSON.stringify({
      v: 1,
      asset,
      source: 'press',
      epoch,
      seq,
      tags: [tag],
      tag: [0],
      t: [seq * 1e6],
      value: [value],
      status: [0],
    }),
  ),
  timestamp: seq * 1_000,
})

const steps = (worker: ReturnType<typeof chainWorker>, records: InRecord[]) =>
  records.flatMap(one => worker.step(one))
const told = (records: readonly OutRecord[]) => records.map(({ topic, value }) => `${topic} ${value}`)
const normal = Array.from({ length: 150 }, (_, i) => telemetry(i + 1, 60 + (i % 7)))

describe('the processors of a partition', () => {
  test('take a record without samples, whose were read twice, for its number alone', () => {
    const empty = { v: 1, asset, source: 'press', epoch: 1, tags: [], tag: [], t: [], value: [], status: [] }
    const without = (seq: number) => record('telemetry', JSON.stringify({ ...empty, seq }))
    const withGap = chainWorker({ current: plant })
    const gapless = chainWorker({ current: plant })
    const some = normal.filter((_, i) => i % 10 !== 5)
    const filled = normal.map((one, i) => (i % 10 === 5 ? without(i + 1) : one))
    expect(told(steps(gapless, filled))).toEqual(told(steps(withGap, some)))
  })

  test('give aggregates, and the copy that the export policy lets out, under the same key and time', () => {
    const outputs = steps(chainWorker({ current: plant }), normal)
    const minute = outputs.filter(({ topic }) => topic === 'aggregates-1m')
    expect(minute.length).toBeGreaterThan(0)
    expect(outputs.filter(({ topic }) => topic === 'export.region.aggregates-1m')).toEqual(
      minute.map(output => ({ ...output, topic: 'export.region.aggregates-1m' })),
    )
    expect(outputs.filter(({ topic }) => topic === 'export.region.aggregates-1s')).toEqual([])
    const received = new Set(normal.map(({ timestamp }) => timestamp))
    expect(outputs.filter(({ timestamp }) => !received.has(timestamp!))).toEqual([])
  })

  test('take a record once, however often it comes', () => {
    const twice = normal.flatMap(one => [one, one])
    expect(told(steps(chainWorker({ current: plant }), twice))).toEqual(
      told(steps(chainWorker({ current: plant }), normal)),
    )
  })

  test('take a dead letter that was put back, though newer ones were seen; once, also after a restart', () => {
    const back = (seq: number) =>
      record('telemetry', telemetry(seq, 60).value, { retried: 'dead-letter/0/1' })
    const twice = [telemetry(1, 60), telemetry(3, 60), back(2), back(2)]
    const before = chainWorker({ current: plant })
    steps(before, twice)
    const changelog = before.changed()
    const after = chainWorker({ current: plant })
    for (const { key, value } of changelog) after.restore(key, Buffer.from(value!))
    steps(after, [back(2)])
    const closing = steps(after, [telemetry(70, 60)])
    const minute = closing.find(({ topic }) => topic === 'aggregates-1m')
    expect(JSON.parse(String(minute?.value)).count).toBe(3)
  })

  test('take what a returning disk still held of an older epoch', () => {
    const worker = chainWorker({ current: plant })
    steps(worker, [telemetry(1, 60, 1), telemetry(2, 60, 2)])
    steps(worker, [telemetry(2, 61, 1), telemetry(2, 61, 1)])
    const closing = steps(worker, [telemetry(70, 60, 2)])
    const second = closing.filter(
      ({ topic, value }) => topic === 'aggregates-1s' && String(value).includes('"start":2000000'),
    )
    expect(JSON.parse(String(second.at(-1)?.value)).count).toBe(2)
  })

  test('go on from the changelog as if nothing had happened', () => {
    const straight = told(steps(chainWorker({ current: plant }), normal))
    const before = chainWorker({ current: plant })
    const first = steps(before, normal.slice(0, 75))
    const changelog = before.changed()
    const after = chainWorker({ current: plant })
    for (const { key, value } of changelog) after.restore(key, Buffer.from(value!))
    expect([...told(first), ...told(steps(after, normal.slice(75)))]).toEqual(straight)
  })

  test('raise an alarm for a limit that is broken, with its reason', () => {
    const hot = Array.from({ length: 120 }, (_, i) => telemetry(i + 1, 130))
    const alarms = steps(chainWorker({ current: plant }), hot).filter(({ topic }) => topic === 'alarms')
    expect(JSON.parse(String(alarms[0]?.value))).toMatchObject({
      asset,
      signal: 'motor-too-hot',
      state: 'open',
      severity: 'alarm',
    })
  })

  describe('when the plant folder changes', () => {
    const limits = { processor: 'limits', name: 'motor-too-hot', tag }
    const changed = (signals: SignalSpec[]): Plant => ({
      ...plant,
      hash: 'other',
      assets: plant.assets.map(one => (one.id === asset ? { ...one, signals } : one)),
    })
    const signals = plant.assets[0]!.signals
    const hotter = signals.map(one =>
      one.name === limits.name ? { ...one, warning: { above: 10 }, alarm: { above: 20 } } : one,
    )

    test('go on with the next record, which is named in the activations, once', () => {
      const plants = { current: plant }
      const worker = chainWorker(plants)
      const activations = (records: readonly OutRecord[]) =>
        records.filter(({ topic }) => topic === 'activations').map(({ value }) => JSON.parse(String(value)))
      const before = { topic: 'telemetry', partition: 0, offset: '0' }
      const entry = (plantHash: string) => ({
        v: 1,
        kind: 'configuration',
        plant: plant.name,
        plantHash,
        t: expect.any(Number),
        before,
      })
      expect(activations(steps(worker, normal.slice(0, 10)))).toEqual([entry(plant.hash)])
      plants.current = changed(hotter)
      expect(activations(steps(worker, normal.slice(10, 20)))).toEqual([entry('other')])
      const after = chainWorker(plants)
      for (const { key, value } of worker.changed()) after.restore(key, Buffer.from(value!))
      expect(activations(steps(after, normal.slice(20, 30)))).toEqual([])
    })

    test('judge by the new declaration, and what is declared as before goes on undisturbed', () => {
      const plants = { current: plant }
      const worker = chainWorker(plants)
      const first = steps(worker, normal.slice(0, 75))
      expect(first.filter(({ topic }) => topic === 'alarms')).toEqual([])
      plants.current = changed(hotter)
      const second = steps(worker, normal.slice(75))
      expect(JSON.parse(String(second.find(({ topic }) => topic === 'alarms')?.value))).toMatchObject({
        signal: limits.name,
        state: 'open',
      })
      const windows = (records: readonly OutRecord[]) =>
        told(records.filter(({ topic }) => topic.startsWith('aggregates')))
      expect(windows([...first, ...second])).toEqual(windows(steps(chainWorker({ current: plant }), normal)))
    })

    test('begin a changed signal anew, live and after a restart alike', () => {
      const plants = { current: plant }
      const live = chainWorker(plants)
      steps(live, normal.slice(0, 75))
      const restarted = chainWorker({ current: changed(hotter) })
      for (const { key, value } of live.changed()) restarted.restore(key, Buffer.from(value!))
      plants.current = changed(hotter)
      expect(told(steps(live, normal.slice(75)))).toEqual(told(steps(restarted, normal.slice(75))))
    })
  })

  test.each([
    ['no JSON', record('telemetry', '{"v":1')],
    ['no record', record('telemetry', '[1,2]')],
    ['a tombstone', record('telemetry', null)],
    [
      'columns of different length',
      record('telemetry', JSON.stringify({ ...JSON.parse(String(telemetry(1, 1).value)), t: [] })),
    ],
    ['a waveform without headers', record('waveforms', Buffer.alloc(8))],
    [
      'half a float',
      record('waveforms', Buffer.alloc(7), {
        asset,
        tag: 'v',
        source: 's',
        epoch: '1',
        seq: '1',
        t: '1',
        rateHz: '1',
        unit: 'g',
        status: '0',
      }),
    ],
  ])('refuse what cannot be read: %s', (_, poison) => {
    const worker = chainWorker({ current: plant })
    expect(() => worker.step(poison)).toThrow()
    expect(worker.changed()).toEqual([])
  })
})

test('an asset and tags that no folder declares are aggregated too, without a unit', () => {
  const worker = chainWorker({ current: plant })
  const undeclared = 'demo/press-shop/line-1/press-77'
  const records = Array.from({ length: 3 }, (_, i) => {
    const body = { v: 1, asset: undeclared, source: 'feed', epoch: 1, seq: i + 1, tags: ['x'], tag: [0] }
    return record('telemetry', JSON.stringify({ ...body, t: [i * 1e6], value: [i], status: [0] }))
  })
  const windows = steps(worker, records)
    .filter(({ topic }) => topic === 'aggregates-1s')
    .map(({ value }) => JSON.parse(String(value)))
  expect(windows).toMatchObject([
    { asset: undeclared, tag: 'x', count: 1, last: 0 },
    { asset: undeclared, tag: 'x', count: 1, last: 1 },
  ])
  expect(windows.some(window => 'unit' in window)).toBe(false)
})

describe('time that goes on', () => {
  const silentAsset = plant.assets.find(({ id }) => id !== asset && !id.endsWith('hydraulics'))!.id
  const watched: Plant = {
    ...plant,
    partitions: 1,
    assets: plant.assets.map(one =>
      one.id === silentAsset
        ? { ...one, signals: [{ processor: 'heartbeat', name: 'talks', afterMs: 20_000 }] }
        : one,
    ),
  }
  const talks = (records: readonly OutRecord[]) =>
    records
      .filter(({ topic, value }) => topic === 'signals' && String(value).includes('"signal":"talks"'))
      .map(({ value }) => JSON.parse(String(value)).verdict)

  test('is told by the receipt of others: a silent asset of the partition is found out', () => {
    expect(talks(steps(chainWorker({ current: watched }), normal.slice(0, 30)))).toEqual(['warning'])
  })

  test('is told by a clock where nothing comes, as a record of the input that a replay reads', () => {
    const live = chainWorker({ current: watched })
    const before = steps(live, normal.slice(0, 10))
    const ticks = Array.from({ length: 30 }, (_, i) => live.idle!(0, 10_000 + 1_000 * i))
    const recorded = ticks.flat().filter(({ topic }) => topic === 'activations')
    expect(recorded).toHaveLength(29)
    expect(JSON.parse(String(recorded[0]!.value))).toMatchObject({
      kind: 'tick',
      t: 11e6,
      before: { offset: '1' },
    })
    const again = chainWorker({ current: watched })
    const replayed = [
      ...steps(again, normal.slice(0, 10)),
      ...steps(
        again,
        recorded.map(({ value }) => record('activations', String(value))),
      ),
    ]
    const without = (records: readonly OutRecord[]) =>
      told(records.filter(({ topic, value }) => topic !== 'activations' || !String(value).includes('"tick"')))
    expect(without(replayed)).toEqual(without([...before, ...ticks.flat()]))
    expect(talks(replayed)).toEqual(['warning'])
    // The last second, and the minute that has ended, of the asset that talked before.
    expect(replayed.filter(({ topic }) => topic === 'aggregates-1s')).toHaveLength(10)
  })

  test('is told by a clock while waveforms alone come, and a replay has them before it as they were', async () => {
    const waveform = (of: string, seq: number, ms: number): InRecord => ({
      ...record('waveforms', Buffer.alloc(4), {
        ...{ asset: of, tag: 'acceleration', source: of, epoch: '1', seq: String(seq) },
        ...{ t: String(ms * 1_000), rateHz: '1', unit: 'g', status: '0' },
      }),
      timestamp: ms,
    })
    // The silent one is heard of 20.3 s after its first block, and never again: its heartbeat is 20 s.
    const heard = [1_000, 21_300].map((ms, i) => waveform(silentAsset, i + 1, ms))
    const others = Array.from({ length: 240 }, (_, i) => waveform(asset, i + 1, 1_000 + 250 * i))
    const waveforms = [...heard, ...others].sort((a, b) => a.timestamp - b.timestamp)
    const live = chainWorker({ current: watched })
    const given = waveforms.flatMap(one => {
      const { timestamp } = one
      const outputs = live.step(one)
      return timestamp % 1_000 === 500 ? [...outputs, ...live.idle!(0, timestamp - 1_000)] : outputs
    })
    expect(talks(given)).toEqual(['normal', 'warning'])
    const history = given
      .filter(({ topic, value }) => topic === 'activations' && String(value).includes('"tick"'))
      .map(({ value, timestamp }) => ({ ...record('activations', String(value)), timestamp: timestamp! }))
    const streams = [waveforms, history].map(records => {
      const batches = (async function* () {
        yield records
      })()
      return { batches, batch: [], at: 0 }
    })
    const again = chainWorker({ current: watched })
    const replayed: OutRecord[] = []
    for await (const batch of merged(streams)) replayed.push(...steps(again, [...batch]))
    const results = (records: readonly OutRecord[]) =>
      records
        .filter(({ topic }) => topic !== 'activations')
        .map(({ topic, value, timestamp }) => `${topic} ${timestamp} ${value}`)
    expect(results(replayed)).toEqual(results(given))
  })

  test('goes on after a restart as if there had been none', () => {
    const whole = told(steps(chainWorker({ current: watched }), normal.slice(0, 60)))
    for (const at of [7, 21, 40]) {
      const first = chainWorker({ current: watched })
      const begun = steps(first, normal.slice(0, at))
      const second = chainWorker({ current: watched })
      for (const { key, value } of first.changed()) second.restore(key, Buffer.from(value!))
      expect([...told(begun), ...told(steps(second, normal.slice(at, 60)))]).toEqual(whole)
    }
  })

  test('writes no state of what it leaves as it is', () => {
    const worker = chainWorker({ current: watched })
    steps(worker, normal.slice(0, 10))
    worker.changed()
    worker.idle!(0, 11_500)
    expect(worker.changed().map(({ key }) => key)).toEqual([`tick@${plant.name}`])
  })
})
