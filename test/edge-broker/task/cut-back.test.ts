import { describe, expect, test } from 'vitest'
import { cutBack, type Entry, placeKey, placeText } from '../../../edge-broker/task/cut-back.ts'

let offset: bigint

/** A transaction a second: it sets one key, and its place is its number. */
function transactions(from: number, to: number, key: (second: number) => string): Entry[] {
  const entries: Entry[] = []
  for (let second = from; second <= to; second++) {
    const timestamp = second * 1000
    const place = placeText({ positions: { telemetry: String(second) }, oldest: timestamp - 50 })
    entries.push({ offset: offset++, timestamp, key: key(second), value: `of ${second}` })
    entries.push({ offset: offset++, timestamp, key: placeKey, value: place })
  }
  return entries
}

describe('a changelog as it was ten seconds before its last transaction', () => {
  test('gives the place of that time, and every later key what it had then, or nothing', () => {
    offset = 0n
    const log = transactions(1, 30, second => (second < 25 ? 'a' : second === 25 ? 'b' : 'a'))
    expect(cutBack(log, 10_000)).toEqual({
      positions: { telemetry: '20' },
      entries: [
        { key: 'a', value: 'of 20' },
        { key: 'b', value: null },
      ],
      through: 39n,
      oldest: 20_000,
    })
  })

  test('is before the first transaction where all of them are younger', () => {
    offset = 0n
    const log = transactions(1, 5, () => 'a')
    expect(cutBack(log, 10_000)).toEqual({
      positions: {},
      entries: [{ key: 'a', value: null }],
      through: -1n,
      oldest: -5_000,
    })
  })

  test('is as far back as compaction has left it', () => {
    offset = 900n
    const log = transactions(27, 30, () => 'a')
    expect(cutBack(log, 10_000)).toMatchObject({
      positions: { telemetry: '27' },
      entries: [{ key: 'a', value: 'of 27' }],
    })
  })

  test('tells the oldest time that results of what is processed again may have', () => {
    offset = 0n
    const log = transactions(1, 30, () => 'a')
    log.push({ offset, timestamp: 30_500, key: placeKey, value: placeText({ positions: {}, oldest: 7 }) })
    expect(cutBack(log, 10_000).oldest).toBe(7)
  })

  test('passes over places that an earlier cut has made void, however soon the next one comes', () => {
    offset = 0n
    const log = transactions(1, 30, () => 'a')
    const { through, positions } = cutBack(log, 10_000)
    log.push({ offset: offset++, timestamp: 60_000, key: 'a', value: 'of 20' })
    const value = placeText({ positions, voidAfter: String(through) })
    log.push({ offset: offset++, timestamp: 60_000, key: placeKey, value })
    const again = { positions: { telemetry: '20' }, entries: [{ key: 'a', value: 'of 20' }] }
    expect(cutBack([...log, ...transactions(61, 62, () => 'a')], 10_000)).toMatchObject(again)
    expect(cutBack([...log, ...transactions(61, 80, () => 'a')], 10_000)).toMatchObject({
      positions: { telemetry: '70' },
      entries: [{ key: 'a', value: 'of 70' }],
    })
  })
})
