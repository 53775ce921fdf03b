import { describe, expect, test } from 'vitest'
import { inUnit } from '../../../connectors/buffer/unit.ts'
import { type Sample, status, type Tag } from '../../../model/index.ts'

const tag = (more: Partial<Tag> = {}): Tag => ({ asset: 's/a/l/m', name: 'x', class: 'telemetry', ...more })
const sample = (of: Tag, value: Sample['value'], more: Partial<Sample> = {}): Sample => ({
  tag: of,
  t: 1_000_000,
  value,
  status: status.good,
  ...more,
})
const scaledValue = (of: Partial<Tag>, value: Sample['value']) => inUnit(sample(tag(of), value)).value
const statusOf = (of: Partial<Tag>, value: Sample['value']) => inUnit(sample(tag(of), value)).status

describe('raw to unit', () => {
  test('scale and offset', () => {
    expect(scaledValue({ scale: 0.1, offset: -40 }, 600)).toBeCloseTo(20)
  })
  test('two points meet both ends exactly, and go on beyond them', () => {
    const ends = { rawRange: [0, 27648], unitRange: [0, 10] } as const
    expect([0, 27648, 13824, -27648].map(raw => scaledValue(ends, raw))).toEqual([0, 10, 5, -10])
    const current = { rawRange: [5530, 27648], unitRange: [-50, 150] } as const
    expect([5530, 27648].map(raw => scaledValue(current, raw))).toEqual([-50, 150])
    expect(scaledValue({ rawRange: [0, 100], unitRange: [100, 0] }, 30)).toBe(70)
  })
  test('a square root meets both ends; before the first there is none, and the value is bad', () => {
    const flow = { rawRange: [4000, 20000], unitRange: [0, 50], curve: 'square-root' } as const
    expect([4000, 8000, 20000].map(raw => scaledValue(flow, raw))).toEqual([0, 25, 50])
    expect([4000, 3999].map(raw => statusOf(flow, raw))).toEqual([status.good, status.badOutOfRange])
    expect(scaledValue(flow, 3999)).toBeNaN()
  })
  test('a 64-bit integer is scaled like any number, and exact with whole factors or none', () => {
    expect(scaledValue({ scale: 0.5, offset: 1 }, 10n)).toBe(6)
    expect(scaledValue({}, 2n ** 60n + 1n)).toBe(2n ** 60n + 1n)
    expect(scaledValue({ range: [0, 2 ** 62] }, 2n ** 60n + 1n)).toBe(2n ** 60n + 1n)
    expect(scaledValue({ scale: 2, offset: -1 }, 2n ** 60n + 1n)).toBe(2n ** 61n + 1n)
  })
  test('arrays and matrices element by element; text, booleans and structures are left alone', () => {
    expect(scaledValue({ scale: 2 }, [1, 2n, 'a', null, [3]])).toEqual([2, 4n, 'a', null, [6]])
    expect(scaledValue({ scale: 2 }, new Float32Array([0.5, 1]))).toEqual(new Float32Array([1, 2]))
    expect(['on', true, { a: 1 }].map(raw => scaledValue({ scale: 2 }, raw))).toEqual(['on', true, { a: 1 }])
  })
  test('a waveform block is scaled', () => {
    const block = { class: 'waveform', rawRange: [-32768, 32768], unitRange: [-16, 16] } as const
    expect(scaledValue(block, new Float32Array([16384, -32768]))).toEqual(new Float32Array([8, -16]))
  })
  test('nothing to do is the same sample', () => {
    const untouched = sample(tag(), [1, 2])
    expect(inUnit(untouched)).toBe(untouched)
  })
})

describe('the range check', () => {
  test('a value outside keeps its value and is bad, not good', () => {
    const hot = inUnit(sample(tag({ range: [0, 100] }), 101))
    expect([hot.value, hot.status]).toEqual([101, status.badOutOfRange])
    expect([0, 100, 50n].map(raw => statusOf({ range: [0, 100] }, raw))).toEqual([0, 0, 0])
    expect(statusOf({ range: [0, 5] }, 10n)).toBe(status.badOutOfRange)
  })
  test('is of the value in its unit', () => {
    expect(statusOf({ scale: 0.1, range: [0, 100] }, 999)).toBe(status.good)
    expect(statusOf({ scale: 0.1, range: [0, 100] }, 1001)).toBe(status.badOutOfRange)
  })
  test('one element outside makes an array or a block bad as a whole', () => {
    expect(statusOf({ range: [0, 5] }, [1, 2, 5])).toBe(status.good)
    expect(statusOf({ range: [0, 5] }, [1, [2, 6]])).toBe(status.badOutOfRange)
    const clipped = new Float32Array([0, 16, 0])
    expect(statusOf({ class: 'waveform', range: [-15.9, 15.9] }, clipped)).toBe(status.badOutOfRange)
  })
  test('NaN is in no range; a status that was bad already stays what it was; text is left alone', () => {
    expect(statusOf({ range: [0, 100] }, Number.NaN)).toBe(status.badOutOfRange)
    const late = sample(tag({ range: [0, 100] }), 500, { status: status.badTimeout })
    expect(inUnit(late).status).toBe(status.badTimeout)
    expect(inUnit(sample(tag({ range: [0, 100] }), 'off'))).toMatchObject({ value: 'off', status: 0 })
  })
})
