import { describe, expect, test } from 'vitest'
import { PlantView } from '../../board/index.ts'
import type { Part } from '../../model/index.ts'
import {
  aggregate,
  alarm,
  bearing,
  history,
  ids,
  ledger,
  part,
  pressShop,
  record,
  replicator,
  state,
} from './press-shop.ts'

const now = Date.UTC(2026, 5, 1, 3, 0, 0)

function shopAt(time: number): PlantView {
  const view = new PlantView(pressShop)
  view.apply([
    ...pressShop.sources.map(source => ledger(source.name, time)),
    aggregate(ids.press, 'oil-temperature', time, 48),
    bearing(time, -7),
    replicator(time),
  ])
  view.setCluster([{ id: 1, host: '127.0.0.1', port: 9092, up: true, underReplicated: 0 }], {
    records: 3,
    seconds: 0,
  })
  view.setFeed('live', time)
  return view
}

const machine = (view: PlantView, asset: string, at = now) =>
  view.status(at).machines.find(known => known.asset === asset)!

describe('status', () => {
  test('tells brokers, machines, rate, lag, replication and losses', () => {
    const view = shopAt(now)
    view.boardUrl = 'http://127.0.0.1:1'
    expect(view.status(now)).toMatchObject({
      plant: 'demo',
      at: '2026-06-01T03:00:00.000Z',
      feed: { state: 'live', badPayloads: 0, leftOut: 0 },
      brokers: [{ id: 1, up: true }],
      samplesPerSecond: 480,
      lag: { records: 3, seconds: 0 },
      alarms: { open: [] },
      replication: { records: 48_213, lagSeconds: 1.4 },
      losses: { queueOverflow: 0, outage: 0, bufferFull: 0, total: 0, unknownFrom: [] },
      board: { url: 'http://127.0.0.1:1' },
    })
    expect(machine(view, ids.press)).toEqual({
      asset: ids.press,
      name: 'Press 1',
      source: 'press',
      connector: 'opcua',
      state: 'connected',
      badTags: [],
      samplesPerSecond: 120,
      lastSampleAt: '2026-06-01T03:00:00.000Z',
    })
  })

  test('before anything is heard every machine is unknown, and says why', () => {
    const status = new PlantView(pressShop).status(now)
    expect(status.machines.map(({ state }) => state)).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
    expect(status.machines[0]?.reason).toContain('has not reported yet')
    expect(status.machines[1]?.connector).toBe('s7')
    expect(status.lag.records).toBeNull()
    expect(status.replication).toMatchObject({
      records: null,
      lagSeconds: null,
      reason: expect.any(String),
    })
  })

  test('a source that falls silent becomes unknown, with how it was', () => {
    const view = shopAt(now)
    expect(machine(view, ids.press, now + 15_000).state).toBe('connected')
    const silent = machine(view, ids.press, now + 40_000)
    expect(silent).toMatchObject({ state: 'unknown', samplesPerSecond: 0 })
    expect(silent.reason).toBe('Its connector has been silent for 40 s; before that it was connected')
    expect(view.status(now + 40_000).samplesPerSecond).toBe(0)
    expect(view.status(now + 40_000).replication).toMatchObject({ records: 48_213, lagSeconds: null })
  })

  test('a stopped source stays stopped', () => {
    const view = shopAt(now)
    view.apply([ledger('press', now, { state: 'stopped', reason: 'Stopped by the operator' })])
    expect(machine(view, ids.press, now + 3_600_000)).toMatchObject({
      state: 'stopped',
      reason: 'Stopped by the operator',
    })
  })

  test('bad tags are told with their machine; a sister on the same source is not degraded by them', () => {
    const sister = { ...pressShop.assets[1]!, id: 'demo/press-shop/line-1/press-2', source: 'press' }
    const view = new PlantView({ ...pressShop, assets: [...pressShop.assets, sister] })
    const bad = { asset: ids.press, tag: 'motor-current', reason: 'The server has no node ns=1;s=Amps' }
    view.apply([ledger('press', now, { state: 'degraded', badTags: [bad] })])
    expect(machine(view, ids.press)).toMatchObject({
      state: 'degraded',
      badTags: [{ tag: 'motor-current', reason: 'The server has no node ns=1;s=Amps' }],
    })
    expect(machine(view, sister.id).state).toBe('connected')
  })

  test('of several servers the one with the last term has the source; losses of all of them add up', () => {
    const view = shopAt(now)
    const lost = (outage: number | 'unknown') => ({ queueOverflow: 0, outage, bufferFull: 0 })
    const before = { server: 'p1', term: 3, state: 'stopped' as const, samplesPerSecond: 40 }
    view.apply([
      ledger('press', now, { ...before, at: now * 1000 + 5, lost: lost(2) }),
      ledger('press', now, { server: 'p2', term: 4, lost: lost(3), samplesPerSecond: 60 }),
    ])
    const { machines, losses } = view.status(now)
    expect(machines.find(({ source }) => source === 'press')).toMatchObject({
      state: 'connected',
      server: 'p2',
      samplesPerSecond: 60,
    })
    expect(losses.outage).toBe(5)
  })

  test('losses add up, and who cannot tell is named', () => {
    const view = shopAt(now)
    view.apply([
      ledger('press', now, { lost: { queueOverflow: 5, outage: 2, bufferFull: 1 } }),
      ledger('furnace', now, { lost: { queueOverflow: 'unknown', outage: 3, bufferFull: 0 } }),
    ])
    expect(view.status(now).losses).toEqual({
      queueOverflow: 5,
      outage: 5,
      bufferFull: 1,
      total: 11,
      unknownFrom: ['furnace'],
    })
  })

  test('the ledger keeps what is known of a loss apart from what is not', () => {
    const view = shopAt(now)
    const lost = { queueOverflow: 'unknown', missedScan: 4, outage: 0, bufferFull: 9 } as const
    const lostKnown = { queueOverflow: 7, missedScan: 4, outage: 0, bufferFull: 9 }
    const dropped = { telemetry: 2, waveform: 7, ranges: [] }
    view.apply([
      ledger('press', now, { expected: 300, lost, lostKnown, lostUnknown: ['queueOverflow'], dropped }),
    ])
    expect(view.status(now).sources.find(({ source }) => source === 'press')).toMatchObject({
      expected: 300,
      received: 250_000,
      lost: [
        { cause: 'queueOverflow', samples: 7, andMore: true },
        { cause: 'missedScan', samples: 4, andMore: false },
        { cause: 'bufferFull', samples: 9, andMore: false },
      ],
      dropped: 9,
    })
    expect(view.status(now).losses).toMatchObject({ total: 20, unknownFrom: ['press'] })
  })

  test('tells what was removed from full disks, a topic, and takes it for no source', () => {
    const view = shopAt(now)
    const entry = (partition: number, offsets: number, at: number) => ({
      v: 1,
      topic: 'waveforms',
      partition,
      at,
      reason: `disk of ${at}`,
      offsets,
      ranges: [{ from: '0', to: String(offsets), at }],
    })
    const sources = view.status(now).sources.length
    view.apply([
      record('ledger', 'shed:waveforms/0', entry(0, 5, 1_000_000), now),
      record('ledger', 'shed:waveforms/1', entry(1, 7, 3_000_000), now),
    ])
    const { shed, feed, sources: after } = view.status(now)
    expect(shed).toEqual([
      { topic: 'waveforms', offsets: 12, at: '1970-01-01T00:00:03.000Z', reason: 'disk of 3000000' },
    ])
    expect([feed.badPayloads, after.length]).toEqual([0, sources])
  })

  test('a refused change is told once with its place, and who runs what', () => {
    const view = shopAt(now)
    const problems = [{ file: 'machines/press.yaml', line: 3, column: 5, message: 'unknown key "unitt"' }]
    const entry = (service: string) => ({
      v: 1,
      service,
      server: 'p1',
      at: now * 1000,
      plantHash: 'abc',
      refused: { at: now * 1000, problems, count: 1 },
    })
    view.apply(['board', 'start'].map(name => record('ledger', `service:p1/${name}`, entry(name), now)))
    expect(view.status(now).configuration).toEqual({
      services: [
        { service: 'board', server: 'p1', hash: 'abc' },
        { service: 'start', server: 'p1', hash: 'abc' },
      ],
      refused: [{ at: '2026-06-01T03:00:00.000Z', by: ['p1/board', 'p1/start'], problems, count: 1 }],
    })
  })

  test('while Kafka is away the last is kept, no broker is up, and since when is told', () => {
    const view = shopAt(now)
    view.setFeed('away', now + 1_000, 'Nothing answers')
    view.setFeed('away', now + 9_000, 'Still nothing answers')
    const status = view.status(now + 10_000)
    expect(status.feed).toMatchObject({
      state: 'away',
      since: '2026-06-01T03:00:01.000Z',
      reason: 'Still nothing answers',
    })
    expect(status.brokers).toMatchObject([{ up: false }])
    expect(status.machines[0]?.state).toBe('connected')
  })
})

describe('alarms', () => {
  test('alarms stand before warnings, the newest first', () => {
    const view = shopAt(now)
    view.apply([
      alarm(now - 9_000, { id: 'w', severity: 'warning' }),
      alarm(now - 8_000, { id: 'old' }),
      alarm(now - 1_000, { id: 'new' }),
    ])
    expect(view.status(now).alarms.open.map(({ id }) => id)).toEqual(['new', 'old', 'w'])
  })

  test('an alarm read again in an older state stays as it is', () => {
    const view = shopAt(now)
    const records = [alarm(now), alarm(now + 5_000, { state: 'cleared' })]
    view.apply(records)
    view.apply(records)
    expect(view.status(now).alarms.open).toEqual([])
    view.apply([alarm(now)])
    expect(view.status(now).alarms.open).toEqual([])
  })

  test('a tombstone takes it away; a change of severity stays one alarm', () => {
    const view = shopAt(now)
    view.apply([alarm(now, { severity: 'warning' }), alarm(now + 1_000, { severity: 'alarm' })])
    expect(view.status(now).alarms.open).toMatchObject([{ id: 'a1b2c3', severity: 'alarm' }])
    view.apply([record('alarms', 'a1b2c3', null, now + 2_000)])
    expect(view.status(now).alarms.open).toEqual([])
  })

  test('history is kept by machine, each event once', () => {
    const view = shopAt(now)
    const events = [
      alarm(now, { severity: 'warning' }, 'alarm-events'),
      alarm(now + 1_000, {}, 'alarm-events'),
    ]
    view.apply(events)
    view.apply(events)
    expect(view.history(ids.press, 0, now)?.events.map(({ severity }) => severity)).toEqual([
      'alarm',
      'warning',
    ])
    expect(view.history(ids.pump, 0, now)?.events).toEqual([])
  })
})

describe('parts', () => {
  const made = (n: number, change: Partial<Part> = {}) => part(now + 1_000 * n, n, change)

  test('the last ones of a machine are shown, the newest first, each in its highest revision', () => {
    const view = shopAt(now)
    const scrap = { verdict: 'scrap', reason: 'force is 950 kN, above its scrap limit of 880 kN' } as const
    const records = [
      ...Array.from({ length: 20 }, (_, n) => made(n)),
      made(20, { ...scrap, final: false, end: null }),
      made(20, { ...scrap, revision: 1 }),
    ]
    view.apply(records)
    view.apply(records)
    const { parts } = view.history(ids.press, 0, now)!
    expect(parts.map(({ part }) => part)).toEqual(Array.from({ length: 12 }, (_, i) => String(20 - i)))
    expect(parts[0]).toMatchObject({ final: true, ...scrap })
    expect(view.history(ids.pump, 0, now)?.parts).toEqual([])
  })
})

describe('bad records', () => {
  test('are counted and change nothing', () => {
    const view = shopAt(now)
    const before = JSON.stringify(view.status(now).machines)
    const bad = ['ledger', 'alarms', 'alarm-events', 'signals', 'parts', 'aggregates-1s'].flatMap(topic =>
      ['', '{', 'null', '[]', '{"v":1}', '{"v":2,"asset":"x"}', '\u0000\ufffd'].map(text =>
        record(topic, 'x', text, now),
      ),
    )
    view.apply([...bad, record('telemetry', 'x', '{}', now)])
    const status = view.status(now)
    expect(status.feed.badPayloads).toBe(bad.length + 1)
    expect(JSON.stringify(status.machines)).toBe(before)
    expect(status.alarms.open).toEqual([])
  })
})

describe('history', () => {
  test('has each second of the last fifteen minutes, with limits and quality', () => {
    const view = new PlantView(pressShop)
    view.apply(history(now))
    const told = view.history(ids.press, 0, now)!
    const oil = told.tags.find(tag => tag.name === 'oil-temperature')!
    expect(oil.history.t).toHaveLength(899)
    expect(oil.history.t.at(-1)).toBe(now / 1000 - 1)
    expect(oil.limits).toEqual({ warning: { above: 60 }, alarm: { above: 70 } })
    expect(oil.history.good.every(share => share === 1)).toBe(true)
    expect(told.signals[0]).toMatchObject({ name: 'spindle-bearing', latest: { verdict: 'normal' } })
    expect(told.signals[1]).toMatchObject({ ofTag: 'oil-temperature', latest: null })
    expect(told.tags.some(tag => tag.name === 'spindle-vibration')).toBe(false)
  })

  test('asked again, it gives only what is newer', () => {
    const view = new PlantView(pressShop)
    view.apply(history(now))
    const told = view.history(ids.press, now / 1000 - 10, now)!
    expect(told.tags[0]?.history.t).toHaveLength(9)
  })

  test('a bad window is a gap and no number', () => {
    const view = shopAt(now)
    view.apply([aggregate(ids.press, 'oil-temperature', now + 1000, 0, 0)])
    const oil = view.history(ids.press, 0, now + 1000)!.tags[0]!
    expect(oil.latest).toMatchObject({ value: null, good: 0 })
    expect(oil.history.mean).toEqual([48, null])
    expect(oil.history.good).toEqual([1, 0])
  })

  test('memory is bounded: what is beyond the bound is counted and left out', () => {
    const view = new PlantView(pressShop, { maxSeries: 3 })
    const tags = Array.from({ length: 5 }, (_, index) => aggregate(ids.press, `t${index}`, now, index))
    view.apply(tags)
    expect(view.status(now).feed.leftOut).toBe(2)
  })

  test('an unknown machine has none', () => {
    expect(new PlantView(pressShop).history('demo/a/b/c', 0, now)).toBeUndefined()
  })
})

describe('changes', () => {
  test('after a snapshot only what has changed is told', () => {
    const view = shopAt(now)
    const snapshot = view.snapshot(now)
    expect(view.changesSince(snapshot.revision, now)).toEqual({
      type: 'changes',
      revision: snapshot.revision,
      health: snapshot.health,
    })
    view.apply([aggregate(ids.pump, 'pressure', now + 1000, 180), alarm(now + 1000)])
    const changes = view.changesSince(snapshot.revision, now + 1000)
    expect(changes.values).toMatchObject([{ asset: ids.pump, tag: 'pressure', value: 180 }])
    expect(changes.alarms).toMatchObject([{ id: 'a1b2c3' }])
    expect(changes.signals).toBeUndefined()
    expect(view.changesSince(changes.revision, now + 1000).values).toBeUndefined()
  })

  test('a machine falling silent is a change without any record', () => {
    const view = shopAt(now)
    const { revision } = view.snapshot(now)
    const changes = view.changesSince(revision, now + 20_000)
    expect(changes.machines).toHaveLength(4)
    expect(view.changesSince(changes.revision, now + 20_000).machines).toBeUndefined()
  })

  test('a reader that was away for long gets the newest once, whatever happened between', () => {
    const view = shopAt(now)
    const { revision } = view.snapshot(now)
    for (let second = 1; second <= 500; second++) {
      view.apply([aggregate(ids.press, 'oil-temperature', now + second * 1000, 40 + second)])
    }
    const { values } = view.changesSince(revision, now + 500_000)
    expect(values).toMatchObject([{ tag: 'oil-temperature', value: 540 }])
  })

  test('a correction of an older window moves the curve, not the newest value', () => {
    const view = shopAt(now)
    const late = aggregate(ids.press, 'oil-temperature', now - 5000, 99)
    const revised = { ...JSON.parse(String(late.value)), revision: 1 }
    view.apply([record('aggregates-1s', ids.press, revised, now)])
    const oil = view.history(ids.press, 0, now)!.tags[0]!
    expect(oil.latest?.value).toBe(48)
    expect(oil.history.mean).toEqual([99, 48])
  })

  test('values of any type are told as they are', () => {
    const view = shopAt(now)
    view.apply([
      state(ids.press, 'mode', now, 'automatic'),
      state(ids.pump, 'running', now, false),
      state(ids.press, 'stroke-rate', now, '9007199254740993'),
    ])
    const values = view.snapshot(now).values.map(({ tag, value }) => [tag, value])
    expect(Object.fromEntries(values)).toMatchObject({
      mode: 'automatic',
      running: false,
      'stroke-rate': '9007199254740993',
    })
  })
})

describe('what no folder declares', () => {
  const oven = 'demo/heat-treatment/line-2/oven-7'

  test('a tag of a declared asset is on its card while there is room, and in its history always', () => {
    const view = shopAt(now)
    const before = view.snapshot(now)
    view.apply(['a', 'b', 'c'].map(tag => aggregate(ids.conveyor, tag, now, 7)))
    const message = view.messageSince(before.revision, now)
    const cards = message.type === 'snapshot' ? message.assets : []
    const card = cards.find(({ id }) => id === ids.conveyor)
    expect(card?.rows.map(row => row.name)).toEqual(['speed', 'motor-temperature', 'a', 'b'])
    const names = view.history(ids.conveyor, 0, now)?.tags.map(({ name }) => name)
    expect(names).toEqual(['speed', 'motor-temperature', 'a', 'b', 'c'])
  })

  test('an asset gets a card and a state of its own, and pages are told once', () => {
    const view = shopAt(now)
    const before = view.snapshot(now)
    view.apply([aggregate(oven, 'temperature', now, 820)])
    const message = view.messageSince(before.revision, now)
    expect(message).toMatchObject({ type: 'snapshot', values: expect.any(Array) })
    expect(message.type === 'snapshot' && message.assets.at(-1)).toMatchObject({
      id: oven,
      name: 'oven-7',
      line: 'line-2',
      rows: [{ kind: 'tag', name: 'temperature' }],
    })
    expect(machine(view, oven)).toMatchObject({ asset: oven, lastSampleAt: iso(now) })
    view.apply([aggregate(oven, 'temperature', now + 1000, 821)])
    expect(view.messageSince(message.revision, now)).toMatchObject({
      type: 'changes',
      values: [{ asset: oven, mean: 821 }],
    })
  })

  test('an id that is no asset is left out, and so is what the bound leaves out', () => {
    const view = new PlantView(pressShop, { maxSeries: 1 })
    view.apply([aggregate('oven', 'temperature', now, 1), aggregate(oven, 'temperature', now, 820)])
    expect(view.status(now).machines).toHaveLength(pressShop.assets.length)
  })
})

const iso = (ms: number) => new Date(ms).toISOString()
