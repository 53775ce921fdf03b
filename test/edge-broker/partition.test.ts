import { expect, test } from 'vitest'
import { murmur2, partitionOf } from '../../edge-broker/partition.ts'

// The vectors of Kafka's own test, org.apache.kafka.common.utils.UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s is what Kafka makes it', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('is never negative, and the same for the same line', () => {
  for (let n = 0; n < 500; n++) {
    const partition = partitionOf(`demo/shop/line-${n}`, 3)
    expect([0, 1, 2]).toContain(partition)
    expect(partitionOf(`demo/shop/line-${n}`, 3)).toBe(partition)
  }
})

test('spreads lines over all partitions', () => {
  const counts = [0, 0, 0, 0, 0, 0]
  for (let n = 0; n < 600; n++) counts[partitionOf(`demo/shop/line-${n}`, 6)]!++
  for (const count of counts) expect(count).toBeGreaterThan(60)
})
