import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../../model/index.ts'
import { vibrationLevel } from '../../../processors/vibration-level/index.ts'
import { zoneOf, zoneTable } from '../../../processors/vibration-level/zones.ts'
import { createRandom } from '../../simulator/random.ts'
import { asset, declared, hour, run, second, signalsIn, tagNamed } from '../records.ts'

const rateHz = 12_800
const gravity = 9.80665
type More = { status?: number; rateHz?: number; unit?: string }

function block(n: number, samples: Float32Array, more: More = {}): ProcessorEvent {
  const of = { asset, tag: 'acceleration', source: 'press', epoch: 1, seq: n, unit: 'g', status: 0, rateHz }
  return { kind: 'waveform', block: { ...of, t: hour + n * 2 * second, samples, ...more } }
}

/** Lines of an acceleration with these velocities (mm/s RMS by Hz), in g, in faint noise. */
function moving(velocities: Readonly<Record<number, number>>, samples = 16_384, seed = 1): Float32Array {
  const random = createRandom(seed, 'moving')
  const lines = Object.entries(velocities).map(([hz, mmS]) => {
    const omega = 2 * Math.PI * Number(hz)
    return { omega, amplitude: (Math.SQRT2 * mmS * omega) / 1_000 / gravity, phase: 6 * random.uniform() }
  })
  return Float32Array.from({ length: samples }, (_, i) =>
    lines.reduce(
      (sum, { omega, amplitude, phase }) => sum + amplitude * Math.sin((omega * i) / rateHz + phase),
      0.001 * random.gaussian(),
    ),
  )
}

function signals(
  blocks: readonly Float32Array[],
  given: object = {},
  more: (n: number) => More = () => ({}),
): Signal[] {
  const unit = more(0).unit ?? 'g'
  const options = { tag: 'acceleration', blocks: 1, everyMs: 0, ...given }
  const processor = declared(vibrationLevel, [tagNamed('acceleration', unit, 'waveform')], 'level', options)
  return signalsIn(
    run(
      processor,
      blocks.map((samples, n) => block(n + 1, samples, more(n))),
    ),
  )
}

const one = (samples: Float32Array, given: object = {}, more: More = {}) =>
  signals([samples], given, () => more)[0]!

describe('the velocity', () => {
  test.each([12, 25, 29.95, 160, 600, 950])(
    'of a line at %d Hz is the acceleration over its angular frequency',
    hz => {
      const { value, unit } = one(moving({ [hz]: 3 }))
      expect(unit).toBe('mm/s')
      expect(value! / 3).toBeCloseTo(1, 2)
    },
  )

  test('adds up as squares, and leaves out what is below 10 or above 1,000 Hz', () => {
    expect(one(moving({ 25: 3, 75: 4 })).value).toBeCloseTo(5, 1)
    expect(one(moving({ 25: 3, 5: 20, 1100: 20 })).value).toBeCloseTo(3, 1)
    const slow = { lowHz: 2 }
    expect(one(moving({ 5: 4, 25: 3 }, 65_536), slow).value).toBeCloseTo(5, 1)
  })

  test('is the same in every unit of acceleration', () => {
    const inG = moving({ 25: 3 })
    const scaled = (factor: number) => inG.map(x => x * factor)
    expect(one(scaled(gravity), {}, { unit: 'm/s2' }).value).toBeCloseTo(3, 1)
    expect(one(scaled(1_000), {}, { unit: 'mg' }).value).toBeCloseTo(3, 1)
    expect(one(scaled(gravity * 1_000), {}, { unit: 'mm/s2' }).value).toBeCloseTo(3, 1)
  })

  test('is the RMS of the last blocks, and not known before there are as many', () => {
    const found = signals([moving({ 25: 3 }), moving({ 25: 3 }), moving({ 25: 9 })], { blocks: 3 })
    expect(found.map(({ verdict }) => verdict)).toEqual(['not-known', 'not-known', 'alarm'])
    expect(found[2]!.value).toBeCloseTo(Math.sqrt((9 + 9 + 81) / 3), 1)
    expect(found[2]!.evidence).toEqual([{ source: 'press', epoch: 1, from: 1, to: 3 }])
  })
})

describe('the zones of ISO 20816-3', () => {
  test.each([
    [1.3, 'A', 'normal'],
    [2.6, 'B', 'normal'],
    [4.2, 'C', 'warning'],
    [4.8, 'D', 'alarm'],
  ])('%d mm/s of a medium machine on a rigid foundation is zone %s: %s', (mmS, zone, verdict) => {
    const signal = one(moving({ 25: mmS }))
    expect(signal).toMatchObject({ verdict, limits: { warning: 2.8, alarm: 4.5 }, details: { zone } })
    expect(signal.reason).toMatch(
      new RegExp(
        `^Velocity is [\\d.]+ mm/s RMS from 10 to 1000 Hz: zone ${zone}, .*group 2, rigid foundation`,
      ),
    )
  })

  test('are those of group and foundation, or of your own', () => {
    const at = (given: object) => one(moving({ 25: 4.2 }), given)
    expect(at({ machineGroup: 'group-1' }).details!.zone).toBe('B')
    expect(at({ machineGroup: 'group-1', foundation: 'flexible' })).toMatchObject({ limits: { alarm: 11 } })
    expect(at({ zonesMmS: [1, 2, 4] })).toMatchObject({ verdict: 'alarm', details: { zone: 'D' } })
    expect(at({ alarm: 4 }).reason).toMatch(/above its alarm limit of 4 mm\/s$/)
  })

  test('rise from each to the next, and with the machine and its foundation', () => {
    for (const group of Object.values(zoneTable))
      for (const [ab, bc, cd] of Object.values(group)) {
        expect(ab < bc && bc < cd).toBe(true)
        expect([ab, bc, cd, cd + 1].map(v => zoneOf(v, [ab, bc, cd]))).toEqual(['A', 'B', 'C', 'D'])
      }
  })

  test('are held until the value is clear of the limit by the hysteresis', () => {
    const verdicts = signals([2.9, 2.7, 2.6].map(mmS => moving({ 25: mmS }))).map(({ verdict }) => verdict)
    expect(verdicts).toEqual(['warning', 'warning', 'normal'])
  })
})

describe('the acceleration', () => {
  const random = createRandom(2, 'level')
  const noise = Float32Array.from({ length: 16_384 }, () => 0.5 * random.gaussian())

  test('is the RMS of the whole block in its unit, without a verdict unless there is a limit', () => {
    const given = { quantity: 'acceleration' }
    const signal = one(noise, given)
    expect(signal).toMatchObject({ unit: 'g', verdict: 'normal', limits: {} })
    expect(signal.value).toBeCloseTo(0.5, 2)
    expect(signal.reason).toMatch(/^Acceleration is 0\.\d+ g RMS$/)
    expect(one(noise, { ...given, warning: 0.4 })).toMatchObject({ verdict: 'warning' })
    expect(one(noise, { ...given, alarm: 0.4 }).reason).toMatch(/above its alarm limit of 0.4 g$/)
  })

  test('has peak, crest, kurtosis, and the declared bands in the details', () => {
    const bands = [
      { name: 'low', lowHz: 0, highHz: 3_200 },
      { name: 'high', lowHz: 3_200, highHz: 6_400 },
      { name: 'too-high', lowHz: 5_000, highHz: 8_000 },
    ]
    const { details } = one(noise, { bands })
    const [low, high] = [Number(details!['band.low']), Number(details!['band.high'])]
    expect(Math.hypot(low, high)).toBeCloseTo(0.5, 2)
    expect(low).toBeCloseTo(high, 1)
    expect(details!['band.too-high']).toBeNull()
    expect(details!.kurtosis).toBeCloseTo(3, 0)
    expect(Number(details!.peak) / Number(details!.accelerationRms)).toBeCloseTo(Number(details!.crest), 2)
  })

  test('of a clipped sensor is at least what is seen: an alarm stays one, anything below is not known', () => {
    const clipped = noise.map(x => Math.max(-0.6, Math.min(0.6, x)))
    const given = { quantity: 'acceleration' }
    const below = one(clipped, { ...given, alarm: 0.6 })
    expect(below).toMatchObject({ verdict: 'not-known', value: null })
    expect(below.details!.atLeast).toBeCloseTo(0.4, 1)
    expect(below.reason).toMatch(/the sensor is at the end of its range in \d+\.\d+ % of the samples/)
    const above = one(clipped, { ...given, alarm: 0.3 })
    expect(above.verdict).toBe('alarm')
    expect(above.reason).toMatch(/is at least 0.39\d+ g RMS, above/)
  })
})

describe('what cannot be measured is not known', () => {
  const sound = moving({ 25: 1 })
  const odd = sound.slice()
  odd[9] = Number.NaN

  test.each([
    ['bad quality', sound, { status: 0x80050000 }, 'the block is of bad quality'],
    ['a sample that is not finite', odd, {}, 'samples that are not finite (the first is number 10)'],
    ['a dead sensor', new Float32Array(16_384), {}, 'all samples of the block are the same'],
    ['an empty block', new Float32Array(0), {}, 'the block is empty'],
    ['a short block', sound.slice(0, 4_096), {}, 'needs blocks of 8192 samples at 12800 Hz, this has 4096'],
    ['a low rate', sound, { rateHz: 2_000 }, 'needs a sample rate of 2500 Hz, this is 2000 Hz'],
  ])('%s', (_, samples, more, reason) => {
    expect(one(samples, {}, more)).toMatchObject({
      verdict: 'not-known',
      value: null,
      reason: expect.stringContaining(reason),
    })
  })

  test('a short block has an acceleration all the same', () => {
    expect(one(sound.slice(0, 512), { quantity: 'acceleration' }).verdict).toBe('normal')
  })

  test('a unit or a rate that changes begins anew', () => {
    const found = signals([sound, sound, sound, sound], { blocks: 2 }, n => (n > 1 ? { unit: 'm/s2' } : {}))
    expect(found.map(({ verdict }) => verdict)).toEqual(['not-known', 'normal', 'not-known', 'not-known'])
    expect(found[2]!.reason).toContain('the unit changed from "g" to "m/s2"')
  })
})

test('a block that comes again, or late, changes nothing; the signal is given out as often as asked for', () => {
  const tags = [tagNamed('acceleration', 'g', 'waveform')]
  const processor = () =>
    declared(vibrationLevel, tags, 'level', { tag: 'acceleration', blocks: 1, everyMs: 5_000 })
  const sound = moving({ 25: 1 })
  expect(signalsIn(run(processor(), [block(2, sound), block(2, sound), block(1, sound)]))).toHaveLength(1)
  const times = signalsIn(
    run(
      processor(),
      [1, 2, 3, 4, 5, 6].map(n => block(n, sound)),
    ),
  ).map(({ t }) => t)
  expect(times.map(t => (t - hour) / second)).toEqual([2, 8])
})

test.each([
  [{ tag: 'speed' }, 'no waveform tag "speed"'],
  [{ zonesMmS: [3, 2, 4] }, 'zone boundaries that do not rise'],
  [{ warning: 9 }, 'reaches its alarm limit before its warning limit'],
  [{ lowHz: 2_000 }, 'lowHz that is not below its highHz'],
  [{ bands: [{ name: 'b', lowHz: 5, highHz: 4 }] }, 'has a band "b"'],
  [{ tag: 'strain' }, 'has a tag in "um/m", which is none of g,'],
])('refuses %j before anything starts', (given, message) => {
  const tags = [tagNamed('acceleration', 'g', 'waveform'), tagNamed('strain', 'um/m', 'waveform')]
  expect(() => declared(vibrationLevel, tags, 'level', { tag: 'acceleration', ...given })).toThrow(message)
})
