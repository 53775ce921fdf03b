import { expect, test } from 'vitest'
import { lanesOf } from '../../../edge-broker/client/producing.ts'

const record = (partition: number, bytes: number, timestamp = 1_700_000_000_000) => ({
  topic: 't',
  partition,
  key: 'k',
  value: Buffer.alloc(bytes, partition),
  timestamp,
})

test('records are dealt to their partitions in order', () => {
  const lanes = lanesOf([record(1, 1), record(0, 2), record(1, 3)])
  const sizes = lanes.map(({ partition, batches }) => [
    partition,
    batches.flatMap(({ messages }) => messages.map(({ value }) => value?.length)),
  ])
  expect(sizes).toEqual([
    [1, [1, 3]],
    [0, [2]],
  ])
})

test('a batch stays below 900 kB, unless one record is bigger', () => {
  const [lane] = lanesOf([
    record(0, 500_000),
    record(0, 399_000),
    record(0, 2_000),
    record(0, 2_000_000),
    record(0, 1),
  ])
  expect(lane?.batches.map(({ messages }) => messages.length)).toEqual([2, 1, 1, 1])
})

test('timestamps more than 24 days apart are not in one batch', () => {
  const now = 1_700_000_000_000
  const [lane] = lanesOf([
    record(0, 1, now),
    record(0, 1, now - 2 ** 31 + 1),
    record(0, 1, 0),
    record(0, 1, now),
  ])
  expect(lane?.batches.map(({ messages }) => messages.length)).toEqual([2, 1, 1])
})

test('a tombstone has no value, and text is UTF-8', () => {
  const [lane] = lanesOf([
    { topic: 't', partition: 0, key: 'ü', value: null },
    { topic: 't', partition: 0, key: '', value: 'ü', headers: { a: 'b' } },
  ])
  const [tombstone, text] = lane!.batches[0]!.messages
  expect(tombstone).not.toHaveProperty('value')
  expect(tombstone?.key).toEqual(Buffer.from('ü'))
  expect(text?.value).toEqual(Buffer.from('ü'))
  expect(text?.headers).toEqual(new Map([[Buffer.from('a'), Buffer.from('b')]]))
})
