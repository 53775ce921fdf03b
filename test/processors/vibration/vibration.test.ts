import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../../model/index.ts'
import { faults } from '../../../processors/vibration/bearing.ts'
import { vibration } from '../../../processors/vibration/index.ts'
import { asset, declared, hour, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'
import { bearing, blockOf, type Machine, rateHz } from './machine.ts'

const tags = [tagNamed('acceleration', 'g', 'waveform'), tagNamed('rpm', '1/min')]
const rpm = 1_797
const samples = 16_384

function block(
  n: number,
  content: Float32Array,
  more: { status?: number; rateHz?: number } = {},
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
    expect(found.slice(-2).map(({ verdict }) => verdict)).toEqual(['alarm', 'alarm'])
    const loud = found.slice(3).map(({ value }) => value!)
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
      limits: { warning: 16, alarm: 19 },
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

  test.each([
    ['bad quality', sound, {}, { status: 0x80050000 }, 'the block is of bad quality'],
    ['a sample that is not finite', withNaN, {}, {}, 'samples that are not finite'],
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
      speed(3, 2_400, 3),
      faulty(2, 2_400),
    ]
    const found = signalsIn(run(processor(), events))
    expect(found.map(({ verdict, details }) => [verdict, details?.rpm])).toEqual([
      ['alarm', 1_500],
      ['alarm', 2_400],
    ])
  })

  test('is not known once it is bad, and known again when it is good', () => {
    const events = [
      speed(1, 1_500, 0),
      speed(2, 1_500, 1, 0x80050000),
      faulty(1, 1_500),
      speed(3, 1_500, 3),
      faulty(2, 1_500),
    ]
    const found = signalsIn(run(processor(), events))
    expect(found.map(({ verdict }) => verdict)).toEqual(['not-known', 'alarm'])
    expect(found[0]!.reason).toBe('Not diagnosable: rpm is of bad quality (status 0x80050000)')
  })
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
])('refuses %j before anything starts', (given, message) => {
  const options = JSON.parse(JSON.stringify({ tag: 'acceleration', rpm, bearing, ...given }))
  expect(() => declared(vibration, tags, 'spindle', options)).toThrow(message)
})
