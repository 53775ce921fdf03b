import { describe, expect, test } from 'vitest'
import type { InRecord } from '../../../edge-broker/kafka.ts'
import { merged } from '../../../runtime/backtest/kafka-history.ts'

const record = (topic: string, offset: number, timestamp: number): InRecord => ({
  topic,
  partition: 0,
  offset: BigInt(offset),
  timestamp,
  key: '',
  value: null,
  headers: new Map(),
})

/** Cuts the records into batches of so many, as fetches of other sizes would. */
async function* inBatches(records: readonly InRecord[], size: number): AsyncGenerator<readonly InRecord[]> {
  for (let from = 0; from < records.length; from += size) yield records.slice(from, from + size)
}

async function order(
  telemetry: InRecord[],
  waveforms: InRecord[],
  sizes: [number, number],
): Promise<string[]> {
  const streams = [telemetry, waveforms].map((records, i) => ({
    batches: inBatches(records, sizes[i]!),
    batch: [],
    at: 0,
  }))
  const told: string[] = []
  for await (const batch of merged(streams))
    told.push(...batch.map(({ topic, offset, timestamp }) => `${topic}/${offset}@${timestamp}`))
  return told
}

describe('the history of two topics', () => {
  // A buffered record lies behind younger ones, in its topic's order all the same.
  const telemetry = [1, 4, 4, 9, 7, 12].map((at, i) => record('telemetry', i, at))
  const waveforms = [2, 4, 10, 10, 20].map((at, i) => record('waveforms', i, at))

  test('is one stream by time, each topic in its order, the first topic first at the same time', async () => {
    expect(await order(telemetry, waveforms, [100, 100])).toEqual([
      'telemetry/0@1',
      'waveforms/0@2',
      'telemetry/1@4',
      'telemetry/2@4',
      'waveforms/1@4',
      'telemetry/3@9',
      'telemetry/4@7',
      'waveforms/2@10',
      'waveforms/3@10',
      'telemetry/5@12',
      'waveforms/4@20',
    ])
  })

  test('has the same order whatever a fetch brings', async () => {
    const whole = await order(telemetry, waveforms, [100, 100])
    for (const sizes of [
      [1, 1],
      [2, 5],
      [3, 1],
      [6, 2],
    ] as [number, number][])
      expect(await order(telemetry, waveforms, sizes), String(sizes)).toEqual(whole)
  })

  test('is one topic where the other has nothing', async () => {
    expect(await order(telemetry, [], [2, 2])).toHaveLength(6)
    expect(await order([], [], [2, 2])).toEqual([])
  })
})
