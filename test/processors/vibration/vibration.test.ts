import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../../model/index.ts'
import { faults } from '../../../processors/vibration/bearing.ts'
import { type VibrationState, vibration } from '../../../processors/vibration/index.ts'
import { asset, declared, hour, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'
import { bearing, blockOf, type Machine, rateHz } from './machine.ts'

const tags = [tagNamed('acceleration', 'g', 'waveform'), tagNamed('rpm', '1/min')]
const rpm = 1_797
const samples = 16_384

function block(
  n: number,
  content: Float32Array,
  more: { status?: number; rateHz?: number; unit?: string } = {},
): ProcessorEvent {
  const of = {
    asset,
    tag: 'acceleration',
    source: 'press',
    epoch: 1,
    seq: n + 1,
    unit: 'g',
    status: 0,
    rateHz,
  }
  return { kind: 'waveform', block: { ...of, t: hour + n * 2 * second, samples: content, ...more } }
}

/** Signals of blocks of one machine, each with another seed. */
function signals(machine: Partial<Machine>, count = 3, given: Record<string, unknown> = {}): Signal[] {
  const processor = declared(vibration, tags, 'spindle', {
    tag: 'acceleration',
    rpm,
    bearing,
    everyMs: 0,
    ...given,
  })
  const blocks = Array.from({ length: count }, (_, n) =>
    block(n, blockOf({ samples, rpm, ...machine, seed: (machine.seed ?? 1) * 100 + n })),
  )
  return signalsIn(run(processor, blocks))
}

const last = (of: readonly Signal[]) => of.at(-1)!

describe('a bearing fault', () => {
  test.each(faults)('%s out of noise is called right, and never another, from faint to loud', fault => {
    const found = [0, 0.5, 1, 1.5, 2, 3, 5, 8].map(strength => last(signals({ fault, strength, seed: 3 })))
    for (const { verdict, details } of found) if (verdict !== 'normal') expect(details?.fault).toBe(fault)
    const known = found.filter(({ value }) => value !== null)
    expect(known.length).toBeGreaterThan(5)
    expect(found.slice(0, 2).map(({ verdict }) => verdict)).toEqual(['normal', 'normal'])
    expect(found.at(-2)!.verdict).not.toBe('normal')
    expect(found.at(-1)!.verdict).toBe('alarm')
    const loud = found.slice(4).map(({ value }) => value!)
    expect(loud).toEqual(loud.toSorted((a, b) => a - b))
  })

  test.each(faults)('%s is found with 0.8 %% slip, at other speeds and in blocks of other lengths', fault => {
    for (const [turning, length] of [
      [900, 16_384],
      [3_000, 16_384],
      [rpm, 8_192],
      [rpm, 20_000],
      [rpm, 65_536],
    ] as const) {
      const machine = { fault, strength: 8, rpm: turning, samples: length, slip: 0.008 }
      expect(last(signals(machine, 3, { rpm: turning }))).toMatchObject({
        verdict: 'alarm',
        details: { fault },
      })
    }
  })

  test('is told in one sentence, with what it stands on', () => {
    const given = { bearing: { ...bearing, name: '6205 drive end' } }
    const signal = last(signals({ fault: 'BPFI', strength: 6 }, 3, given))
    expect(signal.reason).toMatch(
      /^Inner-race fault frequency \(BPFI 16[123] Hz\) stands 2\d dB above the envelope noise, 3 harmonics, at 1797 rpm: the inner race of bearing 6205 drive end is damaged$/,
    )
    expect(signal).toMatchObject({
      asset,
      signal: 'spindle',
      processor: 'vibration',
      unit: 'dB',
      t: hour + 4 * second,
      limits: { warning: 14, alarm: 18 },
      evidence: [{ source: 'press', epoch: 1, from: 1, to: 3 }],
    })
    expect(Object.keys(signal.details!)).toEqual(
      expect.arrayContaining([
        'rms',
        'peak',
        'crest',
        'kurtosis',
        'rpm',
        'bpfoDb',
        'bpfiDb',
        'bsf2Db',
        'ftfDb',
      ]),
    )
  })

  test('stands in the band in which it rings', () => {
    const { details } = last(signals({ fault: 'BPFO', strength: 3 }))
    expect(details!.bandLowHz).toBeLessThan(3_400)
    expect(details!.bandHighHz).toBeGreaterThan(3_400)
  })

  test('counts only after as many blocks as are declared', () => {
    const verdicts = (blocks: number) =>
      signals({ fault: 'BPFO', strength: 8 }, 4, { blocks }).map(s => s.verdict)
    expect(verdicts(1)).toEqual(['alarm', 'alarm', 'alarm', 'alarm'])
    expect(verdicts(4)).toEqual(['not-known', 'not-known', 'not-known', 'alarm'])
  })
})

test.each([900, 1_797, 3_000])('a cage that hits is told in the details at %i rpm', turning => {
  const ftfDb = (strength: number) =>
    Number(last(signals({ fault: 'FTF', strength, rpm: turning }, 3, { rpm: turning })).details!.ftfDb)
  expect(ftfDb(0)).toBeLessThan(10)
  expect(ftfDb(15)).toBeGreaterThan(14)
})

describe('a sound machine', () => {
  test('is quiet in 100 blocks of noise and shaft orders', () => {
    const found = signals({ seed: 7 }, 100)
    expect(new Set(found.slice(3).map(({ verdict }) => verdict))).toEqual(new Set(['normal']))
    expect(found).toHaveLength(100)
  })

  test('that rubs once a turn has no bearing fault', () => {
    for (const rub of [3, 10, 30]) {
      const { verdict, details } = last(signals({ rub }))
      expect(['normal', 'not-known']).toContain(verdict)
      for (const name of ['bpfoDb', 'bpfiDb', 'bsf2Db']) expect(Number(details![name])).toBeLessThan(10)
    }
  })

  test('that rubs has none either where the fault orders are next to whole numbers', () => {
    const nearWhole = { balls: 8, ballDiameterMm: 9.8, pitchDiameterMm: 40, contactAngleDeg: 0 } // BPFO 3.02, BPFI 4.98
    const { details } = last(signals({ rub: 30 }, 3, { bearing: nearWhole }))
    for (const name of ['bpfoDb', 'bpfiDb']) expect(Number(details![name])).toBeLessThan(12)
  })

  test('whose signal goes on hitting at no fault frequency is not known, and says so', () => {
    const { verdict, value, reason } = last(signals({ rub: 30 }))
    expect({ verdict, value }).toEqual({ verdict: 'not-known', value: null })
    expect(reason).toMatch(/^Not diagnosable: something hits all the time \(kurtosis \d/)
  })
})

describe('what cannot be diagnosed is not known', () => {
  const one = (content: Float32Array, given: object = {}, more: object = {}) => {
    const options = {
      tag: 'acceleration',
      bearing,
      blocks: 1,
      ...('rpmTag' in given ? {} : { rpm }),
      ...given,
    }
    return last(signalsIn(run(declared(vibration, tags, 'spindle', options), [block(0, content, more)])))
  }
  const sound = blockOf({ seed: 1, samples, rpm })
  const withNaN = sound.slice()
  withNaN[77] = Number.NaN
  const clipped = sound.map(x => Math.max(-3, Math.min(3, x)))
  const cutOff = sound.slice().fill(0, 5_000, 6_000)

  test.each([
    ['bad quality', sound, {}, { status: 0x80050000 }, 'the block is of bad quality'],
    ['a sample that is not finite', withNaN, {}, {}, 'samples that are not finite'],
    ['a sensor at the end of its range', clipped, {}, {}, 'the sensor is at the end of its range in'],
    ['a sensor that was cut off for a while', cutOff, {}, {}, '1000 samples on end are the same'],
    ['a dead sensor', new Float32Array(samples).fill(1), {}, {}, 'all samples of the block are the same'],
    [
      'a block that is too short',
      sound.slice(0, 2_048),
      {},
      {},
      'holds 5.1 turns at 1797 rpm, at least 8 are needed',
    ],
    ['an empty block', new Float32Array(0), {}, {}, 'holds 0.0 turns'],
    ['a sample rate that is too low', sound, {}, { rateHz: 2_000 }, 'need a sample rate of at least'],
    ['no sample rate', sound, {}, { rateHz: 0 }, 'sample rate 0'],
    ['a speed that was not told yet', sound, { rpmTag: 'rpm' }, {}, 'rpm has told no speed yet'],
  ])('%s', (_, content, given, more, reason) => {
    const signal = one(content, given, more)
    expect(signal).toMatchObject({
      verdict: 'not-known',
      value: null,
      reason: expect.stringContaining(reason),
    })
  })
})

describe('the speed by tag', () => {
  const speed = (seq: number, value: unknown, t: number, status = 0) =>
    telemetry(seq, [{ tag: 'rpm', t: hour + t * second, value, status }])
  const processor = () =>
    declared(vibration, tags, 'spindle', {
      tag: 'acceleration',
      rpmTag: 'rpm',
      bearing,
      blocks: 1,
      everyMs: 0,
    })
  const faulty = (n: number, turning: number) =>
    block(n, blockOf({ seed: n, samples, rpm: turning, fault: 'BPFO', strength: 8 }))

  test('is its latest by source time, so that a fault is found at any', () => {
    const events = [
      speed(1, 1_500, 1),
      speed(2, 900, 0),
      faulty(1, 1_500),
      speed(3, 2_400, 2.1),
      faulty(2, 2_400),
    ]
    const found = signalsIn(run(processor(), events))
    expect(found.map(({ verdict, details }) => [verdict, details?.rpm])).toEqual([
      ['alarm', 1_500],
      ['alarm', 2_400],
    ])
  })

  test.each([
    ['good', () => 0],
    ['bad', () => 0x80050000],
    ['both', (i: number) => (i % 2) * 0x80050000],
  ])('%s, is kept as far back as a block reaches, and no more of it than that needs', (kind, status) => {
    const rows = Array.from({ length: 60_000 }, (_, i) => ({
      tag: 'rpm',
      t: hour + i * 1_000,
      value: 1_500,
      status: status(i),
    }))
    const speeds = processor()
    const [state] = speeds.step(speeds.initial(), telemetry(1, rows))
    const kept = (state as VibrationState).speeds.map(({ t }) => (t - hour) / second)
    expect(kept.length).toBeLessThan(600)
    if (kind !== 'both') expect(kept[0]).toBeLessThanOrEqual(50)
    expect(kept.at(-1)).toBeGreaterThan(59.9)
  })

  test('is not known once it is bad, and known again when it is good', () => {
    const events = [
      speed(1, 1_500, 0),
      speed(2, 1_500, 1, 0x80050000),
      faulty(1, 1_500),
      speed(3, 1_500, 2.1),
      faulty(2, 1_500),
    ]
    const found = signalsIn(run(processor(), events))
    expect(found.map(({ verdict }) => verdict)).toEqual(['not-known', 'alarm'])
    expect(found[0]!.reason).toBe('Not diagnosable: rpm is of bad quality (status 0x80050000)')
  })
})

describe('a speed that changes within the block', () => {
  const length = 32_768 // 2.73 s, up to its time
  const ramp = (from: number, to: number, told = 28, until = 1) => {
    const processor = declared(vibration, tags, 'spindle', {
      tag: 'acceleration',
      rpmTag: 'rpm',
      bearing,
      blocks: 1,
      everyMs: 0,
    })
    const end = hour + 4 * second
    const start = end - (length / rateHz) * second
    const at = (share: number) => Math.round(start + share * until * (end - start))
    const rows = Array.from({ length: told }, (_, i) => {
      const share = i / (told - 1)
      return { tag: 'rpm', t: at(share), value: from + (to - from) * share * until }
    })
    const content = blockOf({ seed: 4, samples: length, rpm: from, rpmAtEnd: to, fault: 'BPFO', strength: 6 })
    return last(signalsIn(run(processor, [telemetry(1, rows), block(2, content)])))
  }

  test.each([
    [1_500, 1_800],
    [1_800, 1_300],
    [2_400, 3_200],
  ])('from %i to %i rpm is followed, so that the fault still stands in one line', (from, to) => {
    const { verdict, details } = ramp(from, to)
    expect({ verdict, fault: details!.fault }).toEqual({ verdict: 'alarm', fault: 'BPFO' })
    expect(details!.faultOrder).toBeCloseTo(3.585, 1)
    expect(details!.rpm).toBeCloseTo((from + to) / 2, -1)
  })

  test('is followed as far as it was told, and no further', () => {
    expect(ramp(1_500, 1_800, 28, 0.8)).toMatchObject({ verdict: 'alarm', details: { fault: 'BPFO' } })
    expect(ramp(1_500, 2_100, 28, 0.1).reason).toMatch(/holds \d\.\d turns at/)
  })

  test('by too much is not diagnosable', () => {
    const { value, reason } = ramp(900, 1_800)
    expect({ value, reason }).toEqual({
      value: null,
      reason: 'Not diagnosable: the speed changes by 67 % within the block',
    })
  })

  test('was told too long ago, where that is declared', () => {
    const options = { tag: 'acceleration', rpmTag: 'rpm', bearing, blocks: 1, rpmMaxAgeMs: 60_000 }
    const events = [
      telemetry(1, [{ tag: 'rpm', t: hour, value: rpm }]),
      block(40, blockOf({ seed: 1, samples, rpm })),
    ]
    const { reason } = last(signalsIn(run(declared(vibration, tags, 'spindle', options), events)))
    expect(reason).toBe('Not diagnosable: rpm was last told 79 s before the block')
  })
})

describe('a sensor that was changed', () => {
  const blocks = (more: object) => {
    const options = { tag: 'acceleration', rpm, bearing, blocks: 2, everyMs: 0 }
    const content = (n: number) => blockOf({ seed: n, samples, rpm, fault: 'BPFO', strength: 8 })
    const events = [1, 2, 3, 4, 5].map(n => block(n, content(n), n > 2 ? more : {}))
    return signalsIn(run(declared(vibration, tags, 'spindle', options), events))
  }

  test.each([
    [{ unit: 'm/s2' }, 'the unit changed from "g" to "m/s2"'],
    [{ rateHz: 12_800 }, 'the sample rate changed from 12000 to 12800 Hz'],
  ])('%j: what was averaged does not count any more', (more, reason) => {
    const found = blocks(more)
    const verdicts = found.map(({ verdict }) => verdict)
    expect(verdicts.slice(0, 4)).toEqual(['not-known', 'alarm', 'not-known', 'not-known'])
    expect(found[2]!.reason).toContain(reason)
    expect(found[3]!.reason).toContain('1 of 2 blocks')
  })
})

test('a bearing is also declared by its model, and found as by its geometry', () => {
  const byModel = last(signals({ fault: 'BPFO', strength: 6 }, 3, { bearing: { model: 'SKF 6205-2RS JEM' } }))
  expect(byModel).toMatchObject({ verdict: 'alarm', details: { fault: 'BPFO' } })
  expect(byModel.reason).toContain('bearing SKF 6205-2RS JEM')
})

test('a block that comes again, or late, changes nothing', () => {
  const processor = declared(vibration, tags, 'spindle', {
    tag: 'acceleration',
    rpm,
    bearing,
    blocks: 2,
    everyMs: 0,
  })
  const content = blockOf({ seed: 1, samples, rpm })
  expect(signalsIn(run(processor, [block(1, content), block(1, content), block(0, content)]))).toHaveLength(1)
})

test('the signal is given out at changes, and else as often as asked for', () => {
  const times = signals({}, 8, { everyMs: 6_000 }).map(
    ({ t, verdict }) => `${(t - hour) / second}:${verdict}`,
  )
  expect(times).toEqual(['0:not-known', '4:normal', '10:normal'])
})

test.each([
  [{ rpm: undefined }, 'needs either rpm or rpmTag'],
  [{ rpmTag: 'rpm' }, 'needs either rpm or rpmTag'],
  [{ tag: 'rpm' }, 'no waveform tag "rpm"'],
  [{ bearing: { ...bearing, ballDiameterMm: 50 } }, 'balls are not smaller'],
  [{ warningDb: 30 }, 'warningDb above its alarmDb'],
  [{ bearing: { balls: 9 } }, 'ballDiameterMm'],
  [{ bearing: { model: '6205', balls: 9 } }, 'with a model and a geometry'],
  [{ bearing: { model: 6295 } }, 'not in the table, "6295" (did you mean "6205"?)'],
])('refuses %j before anything starts', (given, message) => {
  const options = JSON.parse(JSON.stringify({ tag: 'acceleration', rpm, bearing, ...given }))
  expect(() => declared(vibration, tags, 'spindle', options)).toThrow(message)
})
