import { DataType, DataValue, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client'
import { describe, expect, test } from 'vitest'
import { decoded, sampleOf } from '../../../connectors/opcua/decode.ts'
import { status } from '../../../model/index.ts'
import { declared } from './plant.ts'

const { tag } = declared('a', 'ns=1;s=A')
const wave = declared('w', 'ns=1;s=W', { class: 'waveform' }).tag
const at = new Date(1_700_000_000_123)

describe('time', () => {
  const value = { dataType: DataType.Double, value: 1 }

  test('the source time to the microsecond, the rest in picoseconds', () => {
    const sample = sampleOf(
      tag,
      new DataValue({ value, sourceTimestamp: at, sourcePicoseconds: 456_700_010 }),
      1,
    )
    expect(sample).toEqual({ tag, t: 1_700_000_000_123_456, picoseconds: 700_010, value: 1, status: 0 })
  })

  test('the server time stands beside it only where it differs', () => {
    const same = new DataValue({ value, sourceTimestamp: at, serverTimestamp: at })
    expect(sampleOf(tag, same, 1).serverTime).toBeUndefined()
    const later = new DataValue({ value, sourceTimestamp: at, serverTimestamp: new Date(at.getTime() + 1) })
    expect(sampleOf(tag, later, 1).serverTime).toBe(1_700_000_000_124_000)
  })

  test.each([
    ['no source time: the server time', { serverTimestamp: at }, 1_700_000_000_123_000],
    ['none at all: the time of the response', {}, 42],
    ['the year 1601 means none', { sourceTimestamp: new Date('1601-01-01T00:00:00Z') }, 42],
  ])('%s', (_, times, t) => {
    expect(sampleOf(tag, new DataValue({ value, ...times }), 42)).toMatchObject({ t })
  })
})

test('the status is kept with its information bits, as an unsigned number', () => {
  const value = new DataValue({ statusCode: StatusCodes.BadNoCommunication, sourceTimestamp: at })
  expect(sampleOf(tag, value, 1)).toMatchObject({ status: 0x80310000, value: null })
})

test('-0, NaN and infinities stay what they are', () => {
  for (const dataType of [DataType.Float, DataType.Double]) {
    for (const value of [-0, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(decoded(new Variant({ dataType, value }))).toBe(value)
    }
  }
})

test('an absent value is null, in a scalar and in an array', () => {
  expect(decoded(new Variant())).toBeNull()
  expect(decoded(new Variant({ dataType: DataType.String, value: null }))).toBeNull()
  const list = { dataType: DataType.String, arrayType: VariantArrayType.Array, value: ['a', null] }
  expect(decoded(new Variant(list))).toEqual(['a', null])
})

test('variants in a variant are decoded each by its type', () => {
  const value = [
    new Variant({
      dataType: DataType.Int64,
      arrayType: VariantArrayType.Scalar,
      value: [0xffffffff, 0xffffffff],
    }),
    new Variant({ dataType: DataType.Float, value: Math.fround(0.1) }),
  ]
  const list = new Variant({ dataType: DataType.Variant, arrayType: VariantArrayType.Array, value })
  expect(decoded(list)).toEqual([-1n, 0.1])
})

describe('a waveform', () => {
  const of = (options: ConstructorParameters<typeof Variant>[0]) =>
    sampleOf(wave, new DataValue({ value: options as never, sourceTimestamp: at }), 1)

  test.each([
    [DataType.Float, new Float32Array([0.5, -1])],
    [DataType.Double, new Float64Array([0.5, -1])],
    [DataType.Int16, new Int16Array([2, -1])],
  ])('of type %i is kept as float32', (dataType, value) => {
    expect(of({ dataType, arrayType: VariantArrayType.Array, value }).value).toEqual(Float32Array.from(value))
  })

  test.each([
    ['a scalar', { dataType: DataType.Float, value: 1 }],
    ['texts', { dataType: DataType.String, arrayType: VariantArrayType.Array, value: ['a'] }],
    ['64-bit integers', { dataType: DataType.Int64, arrayType: VariantArrayType.Array, value: [[0, 1]] }],
  ])('of %s is a type mismatch', (_, options) => {
    expect(of(options)).toMatchObject({ value: null, status: status.badTypeMismatch })
  })

  test('without a value keeps its bad status', () => {
    const bad = new DataValue({ statusCode: StatusCodes.BadNotConnected, sourceTimestamp: at })
    expect(sampleOf(wave, bad, 1)).toMatchObject({ value: null, status: status.badNotConnected })
  })
})
