import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { InRecord } from '../../../edge-broker/kafka.ts'
import { inTurns, slicesOf } from '../../../edge-broker/task/slices.ts'

const record = (offset: number, bytes: number): InRecord => ({
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  timestamp: 0,
  key: '',
  value: bytes < 0 ? null : Buffer.alloc(bytes),
  headers: new Map(),
})
const batch = [4, 4, 4, -1, 20, 1, 9].map((bytes, n) => record(n, bytes))

test('a batch is cut into pieces that hold no more than they may, in order, each record once', () => {
  const slices = slicesOf(batch, 10)
  expect(slices.map(slice => slice.map(({ offset }) => Number(offset)))).toEqual([
    [0, 1],
    [2, 3],
    [4],
    [5, 6],
  ])
  expect(slicesOf([], 10)).toEqual([])
})

test('long work lets others have their turn, and ends at once when aborted', async () => {
  const stop = new AbortController()
  let turns = 0
  const busy = () => {
    for (const begin = performance.now(); performance.now() - begin < 30; );
    return [1]
  }
  const others = (async () => {
    while (++turns < 3) await turn()
    stop.abort()
  })()
  const many = Array.from({ length: 100 }, (_, n) => record(n, 1))
  expect((await inTurns(many, stop.signal, busy)).length).toBeLessThan(20)
  await others
})
