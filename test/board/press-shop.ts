import type { BoardAsset, BoardPlant } from '../../board/index.ts'
import type { InRecord } from '../../edge-broker/kafka.ts'
import type { Aggregate, Alarm, LedgerEntry, Part, Signal } from '../../model/index.ts'

/** A press shop as its topics would tell it: the records that tests feed to the view. Times are ms UTC. */
const site = 'demo'
const press = `${site}/press-shop/line-1/press-1`
const pump = `${site}/press-shop/line-1/pump-1`
const furnace = `${site}/heat-treatment/line-2/furnace-1`
const conveyor = `${site}/heat-treatment/line-2/conveyor-1`
export const ids = { press, pump, furnace, conveyor }

export const pressShop: BoardPlant = {
  name: 'demo',
  title: 'Demo press shop',
  sources: [
    { name: 'press', connector: 'opcua' },
    { name: 'hydraulics', connector: 's7' },
    { name: 'furnace', connector: 's7' },
    { name: 'conveyor', connector: 'opcua' },
  ],
  assets: [
    asset(press, 'Press 1', 'press', [
      ['oil-temperature', 'Cel', { warning: { above: 60 }, alarm: { above: 70 } }],
      ['motor-current', 'A'],
      ['stroke-rate', '/min'],
      ['mode', ''],
    ]),
    asset(pump, 'Hydraulic pump', 'hydraulics', [
      ['pressure', 'bar', { warning: { below: 150 }, alarm: { below: 140 } }],
      ['flow', 'L/min'],
      ['running', ''],
    ]),
    asset(furnace, 'Hardening furnace', 'furnace', [
      ['zone-1', 'Cel', { warning: { above: 880, below: 820 }, alarm: { above: 900 } }],
      ['zone-2', 'Cel', { warning: { above: 880, below: 820 }, alarm: { above: 900 } }],
      ['power', 'kW'],
    ]),
    asset(conveyor, 'Conveyor', 'conveyor', [
      ['speed', 'm/s'],
      ['motor-temperature', 'Cel'],
    ]),
  ].map(withBearing),
}

type TagDeclaration = [
  name: string,
  unit: string,
  limits?: Record<string, { above?: number; below?: number }>,
]

function asset(id: string, name: string, source: string, tags: TagDeclaration[]): BoardAsset {
  return {
    id,
    name,
    source,
    tags: tags.map(([tag, unit]) => ({ asset: id, name: tag, class: 'telemetry', unit })),
    signals: tags
      .filter(([, , limits]) => limits)
      .map(([tag, , limits]) => ({ processor: 'limits', name: `${tag}-limits`, tag, ...limits })),
  }
}

function withBearing(machine: BoardAsset): BoardAsset {
  if (machine.id !== press) return machine
  const waveform = {
    asset: press,
    name: 'spindle-vibration',
    class: 'waveform',
    unit: 'g',
    sampleRateHz: 12_800,
  } as const
  return {
    ...machine,
    description: '250 t eccentric press',
    tags: [...machine.tags, waveform],
    signals: [
      { processor: 'vibration', name: 'spindle-bearing', tag: 'spindle-vibration' },
      ...machine.signals,
    ],
  }
}

/** A plant of many like machines, for speed. */
export function manyMachines(count: number): BoardPlant {
  const assets = Array.from({ length: count }, (_, index) =>
    asset(
      `${site}/hall-${Math.floor(index / 50) + 1}/line-1/mill-${index + 1}`,
      `Mill ${index + 1}`,
      'mills',
      [
        ['spindle-load', '%', { warning: { above: 80 }, alarm: { above: 95 } }],
        ['coolant-temperature', 'Cel'],
        ['feed', 'mm/s'],
      ],
    ),
  )
  return { name: 'mills', title: 'Mill hall', sources: [{ name: 'mills', connector: 'opcua' }], assets }
}

let offset = 0n

export function record(topic: string, key: string, value: unknown, timestamp: number): InRecord {
  offset += 1n
  const bytes = value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return { topic, partition: 0, offset, timestamp, key, value: bytes, headers: new Map() }
}

export function ledger(source: string, now: number, change: Partial<LedgerEntry> = {}): InRecord {
  const entry: LedgerEntry = {
    v: 1,
    source,
    connector: pressShop.sources.find(known => known.name === source)?.connector ?? 'opcua',
    assets: pressShop.assets.filter(known => known.source === source).map(known => known.id),
    at: now * 1000,
    state: 'connected',
    badTags: [],
    epoch: 1,
    seq: 4711,
    position: 4711,
    samplesPerSecond: 120,
    received: 250_000,
    bad: 0,
    lost: { queueOverflow: 0, outage: 0, bufferFull: 0 },
    revised: [],
    buffered: 0,
    ...change,
  }
  return record('ledger', source, entry, now)
}

export function replicator(now: number, records = 48_213, lagSeconds: number | null = 1.4): InRecord {
  return record('ledger', 'replicator', { records, lagSeconds }, now)
}

/** The window of one second that ends at `end`. */
export function aggregate(asset: string, tag: string, end: number, value: number, good = 1): InRecord {
  const window: Aggregate = {
    v: 1,
    asset,
    tag,
    start: (end - 1000) * 1000,
    end: end * 1000,
    count: 10,
    good: Math.round(10 * good),
    min: good > 0 ? value - 0.4 : null,
    max: good > 0 ? value + 0.4 : null,
    mean: good > 0 ? value : null,
    std: good > 0 ? 0.2 : null,
    last: good > 0 ? value : null,
    revision: 0,
    evidence: [{ source: 'test', epoch: 1, from: 1, to: 10 }],
  }
  return record('aggregates-1s', asset, window, end)
}

/** The last good value of the window is `value`, of any type. */
export function state(asset: string, tag: string, end: number, value: unknown): InRecord {
  const numbers = { min: null, max: null, mean: null, std: null }
  const window = {
    v: 1,
    asset,
    tag,
    start: (end - 1000) * 1000,
    end: end * 1000,
    count: 1,
    good: 1,
    ...numbers,
  }
  return record('aggregates-1s', asset, { ...window, last: value, revision: 0, evidence: [] }, end)
}

export function bearing(now: number, margin: number, change: Partial<Signal> = {}): InRecord {
  const verdict = margin > 6 ? 'alarm' : margin > 0 ? 'warning' : 'normal'
  const signal: Signal = {
    v: 1,
    asset: press,
    signal: 'spindle-bearing',
    processor: 'vibration',
    t: now * 1000,
    value: margin,
    unit: 'dB',
    verdict,
    limits: { warning: 0, alarm: 6 },
    reason: `Inner race frequency 162.2 Hz stands ${margin.toFixed(1)} dB above its threshold`,
    details: { call: 'BPFI', 'bpfi-hz': 162.19, rms: 0.43, kurtosis: 5.2 },
    evidence: [{ source: 'press', epoch: 1, from: 1, to: 4 }],
    ...change,
  }
  return record('signals', press, signal, now)
}

export function alarm(now: number, change: Partial<Alarm> = {}, topic = 'alarms'): InRecord {
  const alarm: Alarm = {
    v: 1,
    id: 'a1b2c3',
    asset: press,
    signal: 'spindle-bearing',
    state: 'open',
    severity: 'alarm',
    since: now * 1000,
    t: now * 1000,
    value: 8.4,
    unit: 'dB',
    reason:
      'Inner race frequency 162.2 Hz stands 8.4 dB above its threshold, with 3 harmonics: the inner race of the spindle bearing is damaged',
    evidence: [{ source: 'press', epoch: 1, from: 1, to: 4 }],
    ...change,
  }
  return record(topic, alarm.id, alarm, now)
}

/** The press's stroke that ended at `end`; each takes a second. */
export function part(end: number, number: number, change: Partial<Part> = {}): InRecord {
  const made: Part = {
    v: 1,
    id: `stroke-${number}`,
    asset: press,
    parts: 'strokes',
    part: String(number),
    start: (end - 1000) * 1000,
    end: end * 1000,
    t: end * 1000,
    revision: 0,
    final: true,
    verdict: 'ok',
    reason: 'All of thickness, force within limits',
    features: {},
    late: 0,
    evidence: [{ source: 'press', epoch: 1, from: 1, to: 4 }],
    ...change,
  }
  return record('parts', press, made, end)
}

/** Any signal of the press, as its processor tells it. */
export function judged(
  now: number,
  change: Pick<Signal, 'signal' | 'processor'> & Partial<Signal>,
): InRecord {
  const signal: Signal = {
    v: 1,
    asset: press,
    t: now * 1000,
    value: null,
    unit: '',
    verdict: 'normal',
    reason: '',
    evidence: [{ source: 'press', epoch: 1, from: 1, to: 4 }],
    ...change,
  }
  return record('signals', press, signal, now)
}

/** Fifteen quiet minutes of the whole shop up to `now`. */
export function history(now: number): InRecord[] {
  const end = Math.floor(now / 1000)
  return Array.from({ length: 900 }, (_, index) => second((end - 899 + index) * 1000)).flat()
}

/** What one second of the shop writes. */
export function second(end: number): InRecord[] {
  const wave = (periodS: number, phase = 0) => Math.sin(((end / 1000 + phase) / periodS) * 2 * Math.PI)
  const noise = (seed: number) => ((Math.imul(end / 1000 + seed, 2_654_435_761) >>> 0) / 2 ** 32 - 0.5) * 2
  return [
    aggregate(press, 'oil-temperature', end, 48 + 3 * wave(420) + 0.2 * noise(1)),
    aggregate(press, 'motor-current', end, 34 + 4 * wave(75) + 1.5 * noise(2)),
    aggregate(press, 'stroke-rate', end, 42 + 0.3 * noise(3)),
    state(press, 'mode', end, 'automatic'),
    aggregate(pump, 'pressure', end, 182 + 6 * wave(120, 30) + noise(4)),
    aggregate(pump, 'flow', end, 64 + 2 * wave(60) + 0.5 * noise(5)),
    state(pump, 'running', end, true),
    aggregate(furnace, 'zone-1', end, 846 + 5 * wave(300) + 0.6 * noise(6)),
    aggregate(furnace, 'zone-2', end, 851 + 5 * wave(300, 80) + 0.6 * noise(7)),
    aggregate(furnace, 'power', end, 212 + 18 * wave(300, 140) + 3 * noise(8)),
    aggregate(conveyor, 'speed', end, 0.42 + 0.004 * noise(9)),
    aggregate(conveyor, 'motor-temperature', end, 51 + 2 * wave(500) + 0.2 * noise(10)),
    bearing(end, -7.5 + 1.2 * wave(260) + 0.5 * noise(11)),
  ]
}
