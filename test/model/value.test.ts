import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError, parseAssetId, qualityOf, shortestFloat32, toJson } from '../../model/index.ts'

describe('values', () => {
  test.each([
    [0.1, 0.1],
    [3.4028234663852886e38, 3.4028235e38],
    [1e20, 1e20],
    [16_777_216, 16_777_216],
    [-0.3, -0.3],
  ])('a float32 of %d is printed shortest', (written, expected) => {
    expect(shortestFloat32(Math.fround(written))).toBe(expected)
  })

  test('what is printed shortest is still the same float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), value => Object.is(Math.fround(shortestFloat32(value)), value)),
    )
  })

  test('of a measured size it is the decimal that printing with more and more digits finds first', () => {
    const size = fc.double({ min: 1e-5, max: 1e7, noNaN: true }).map(Math.fround)
    fc.assert(
      fc.property(size, fc.boolean(), (size, isNegative) => {
        const value = isNegative ? -size : size
        const printed = [6, 7, 8, 9].map(digits => Number(value.toPrecision(digits)))
        expect(shortestFloat32(value)).toBe(printed.find(candidate => Math.fround(candidate) === value))
      }),
      { numRuns: 5000 },
    )
  })

  test('JSON has what JSON cannot say as text', () => {
    expect(
      toJson([1n, -(2n ** 60n), Number.NaN, { x: new Float32Array([0.1, Infinity]) }, null, true]),
    ).toEqual([1, '-1152921504606846976', 'NaN', { x: [0.1, 'Infinity'] }, null, true])
  })
})

test('the quality is in the top two bits of the status', () => {
  expect([0, 0x480, 0x40000000, 0x80000000, 0xc0000000].map(qualityOf)).toEqual([
    'good',
    'good',
    'uncertain',
    'bad',
    'bad',
  ])
})

test('an asset id is site/area/line/asset', () => {
  expect(parseAssetId('s/a-1/l/m2')).toEqual({ site: 's', area: 'a-1', line: 'l', asset: 'm2' })
  for (const bad of ['', 's/a/l', 's/a/l/M', 's/a/l/m/', 's//l/m', 's/a/l/-m', 's/a/l/m-']) {
    expect(() => parseAssetId(bad), bad).toThrow(MillraceError)
  }
})
