import { describe, expect, test } from 'vitest'
import type { InRecord } from '../../../edge-broker/kafka.ts'
import { isWanted, lettersIn, putBack, toldOf } from '../../../runtime/deadletter/letters.ts'

const record = (
  offset: number,
  headers: Record<string, string>,
  value: string | null = '{"v":1,"asset":"s/a/l/press","source":"press-1","epoch":1,"seq":',
): InRecord => ({
  topic: 'dead-letter',
  partition: 2,
  offset: BigInt(offset),
  timestamp: 1_767_225_600_000,
  key: 's/a/l/press',
  value: value === null ? null : Buffer.from(value),
  headers: new Map(Object.entries(headers)),
})

const poison = (offset: number, more: Record<string, string> = {}) =>
  record(offset, {
    position: `telemetry/2/${offset * 10}`,
    code: 'bad-payload',
    reason: 'the record cannot be read: Unexpected end of JSON input',
    ...more,
  })
const mark = (letter: string) => record(99, { retried: letter }, null)

describe('dead letters', () => {
  test('tell position, time, source and reason', () => {
    const [letter] = lettersIn([poison(7)]).map(toldOf)
    expect(letter).toEqual({
      letter: 'dead-letter/2/7',
      position: 'telemetry/2/70',
      topic: 'telemetry',
      time: '2026-01-01T00:00:00.000Z',
      key: 's/a/l/press',
      source: 'press-1',
      code: 'bad-payload',
      reason: 'the record cannot be read: Unexpected end of JSON input',
      retryOf: undefined,
      bytes: 64,
      state: 'waiting',
    })
  })

  test('are marked once they were put back; the mark is no letter', () => {
    const letters = lettersIn([poison(7), poison(8), mark('dead-letter/2/7')])
    expect(letters.map(({ letter, wasRetried }) => [letter, wasRetried])).toEqual([
      ['dead-letter/2/7', true],
      ['dead-letter/2/8', false],
    ])
  })

  test('go back as they were, with all headers that a waveform stands on, and a mark in their own partition', () => {
    const waveform = { asset: 's/a/l/press', tag: 'bearing', source: 'press-1', epoch: '1', rateHz: 'x' }
    const [letter] = lettersIn([poison(3, { ...waveform, position: 'waveforms/2/5' })])
    expect(putBack(letter!)).toEqual([
      {
        topic: 'waveforms',
        partition: 2,
        key: 's/a/l/press',
        value: letter!.record.value,
        headers: { ...waveform, retried: 'dead-letter/2/3' },
      },
      {
        topic: 'dead-letter',
        partition: 2,
        key: 's/a/l/press',
        value: null,
        headers: { retried: 'dead-letter/2/3' },
      },
    ])
  })

  test('that come again name the letter they were, and wait anew', () => {
    const [, again] = lettersIn([
      poison(7),
      mark('dead-letter/2/7'),
      poison(9, { retried: 'dead-letter/2/7' }),
    ])
    expect(again).toMatchObject({
      letter: 'dead-letter/2/9',
      retryOf: 'dead-letter/2/7',
      wasRetried: false,
    })
    expect(putBack(again!)[0]?.headers).toEqual({ retried: 'dead-letter/2/9' })
  })

  test('are chosen by asset or line, source, topic, code and name', () => {
    const [letter] = lettersIn([poison(7)])
    const wanted = [
      {},
      { asset: 's/a/l' },
      { source: 'press-1' },
      { topic: 'telemetry' },
      { code: 'bad-payload' },
      { letters: [] },
      { letters: ['dead-letter/2/7'] },
    ]
    const others = [
      { asset: 's/a/l/pre' },
      { source: 'press' },
      { topic: 'waveforms' },
      { code: 'internal' },
      { letters: ['dead-letter/2/8'] },
    ]
    expect(wanted.map(filter => isWanted(letter!, filter))).toEqual(wanted.map(() => true))
    expect(others.map(filter => isWanted(letter!, filter))).toEqual(others.map(() => false))
  })
})
