import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editDistance, nearest } from '../../model/nearest.ts'

const keys = ['publishingIntervalMs', 'samplingIntervalMs', 'queueSize', 'unit', 'tag']

describe('the nearest candidate', () => {
  test.each([
    ['publishingIntervallMs', 'publishingIntervalMs'],
    ['publishing_interval_ms', 'publishingIntervalMs'],
    ['publishnigIntervalMs', 'publishingIntervalMs'],
    ['QueueSize', 'queueSize'],
    ['units', 'unit'],
    ['tga', 'tag'],
  ])('%s is %s', (written, meant) => expect(nearest(written, keys)).toBe(meant))

  test.each(['colour', 'x', '', 'tagUnitQueueSize', 'a'.repeat(1000)])('%s is nothing', written =>
    expect(nearest(written, keys)).toBeUndefined(),
  )
})

describe('the edit distance', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })

  test('is 0 for equal words alone, and symmetric', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b) === 0).toBe(a === b)
        expect(editDistance(a, b)).toBe(editDistance(b, a))
      }),
    )
  })

  test('of one edit is 1', () => {
    expect(editDistance('broker', 'brokr')).toBe(1)
    expect(editDistance('broker', 'brokers')).toBe(1)
    expect(editDistance('broker', 'borker')).toBe(1)
    expect(editDistance('broker', 'brokes')).toBe(1)
  })
})
