import * as stack from 'node-opcua-client'
import { describe, expect, test } from 'vitest'
import { builtIn, decoded } from '../../../connectors/opcua/decode.ts'
import { variantOf } from '../../../connectors/opcua/encode.ts'
import type { Value } from '../../../model/index.ts'

describe('what is encoded is decoded to the same', () => {
  test.each([
    [builtIn.Boolean, false],
    [builtIn.SByte, -128],
    [builtIn.UInt32, 4_294_967_295],
    [builtIn.Int64, -(2n ** 63n)],
    [builtIn.UInt64, 2n ** 64n - 1n],
    [builtIn.Float, 0.1],
    [builtIn.Double, Number.NaN],
    [builtIn.String, 'ä'],
    [builtIn.DateTime, '2024-02-29T12:34:56.789Z'],
    [builtIn.DateTime, '2024-02-29T12:34:56.7890120Z'],
    [builtIn.DateTime, '1601-01-01T00:00:00.0000001Z'],
    [builtIn.ByteString, 'AAEC'],
    [builtIn.LocalizedText, { text: 'Pumpe', locale: 'de' }],
    [builtIn.Int64, [1n, -1n]],
    [builtIn.Double, [1.5, 2.5]],
  ] as [number, Value][])('type %i, %o', (dataType, value) => {
    expect(decoded(variantOf(stack, dataType, value))).toEqual(value)
  })

  test('a safe number may stand for a 64-bit integer', () => {
    expect(decoded(variantOf(stack, builtIn.UInt64, 7))).toBe(7n)
  })
})

test.each([
  [builtIn.Byte, 256],
  [builtIn.Byte, -1],
  [builtIn.Int32, 1.5],
  [builtIn.Int64, 2 ** 60],
  [builtIn.UInt64, 2n ** 64n],
  [builtIn.Boolean, 1],
  [builtIn.Double, '1'],
  [builtIn.String, 1],
  [builtIn.DateTime, 'yesterday'],
  [builtIn.LocalizedText, { locale: 'de' }],
  [builtIn.ExtensionObject, {}],
  [builtIn.Int16, [1, 40_000]],
] as [number, Value][])('type %i cannot hold %o', (dataType, value) => {
  expect(() => variantOf(stack, dataType, value)).toThrow(expect.objectContaining({ code: 'bad-type' }))
})
