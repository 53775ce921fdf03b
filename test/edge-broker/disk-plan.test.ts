import { describe, expect, test } from 'vitest'
import { type Disk, type Extent, planShedding } from '../../edge-broker/disk/plan.ts'
import { entryOf, sheddingOrder } from '../../edge-broker/disk/shedder.ts'
import { topicSpecs, topicTable } from '../../edge-broker/topics.ts'

const watermarks = { highShare: 0.85, lowShare: 0.8, segmentBytes: 10 }
const order = sheddingOrder(topicTable)
const extent = (topic: string, partition = 0): Extent => ({ topic, partition, from: 100n, to: 1_100n })
const extents = order.flatMap(topic => [extent(topic, 0), extent(topic, 1)])
const holding = (topic: string, ...bytes: number[]) =>
  bytes.map((bytes, partition) => ({ topic, partition, bytes }))
const disk = (freeBytes: number, ...partitions: Disk['partitions'][]): Disk => ({
  broker: 1,
  totalBytes: 1_000,
  freeBytes,
  partitions: partitions.flat(),
})

describe('what is shed from a full disk', () => {
  test('begins with waveforms, and never is a result, an alarm, the ledger or state', () => {
    expect(order).toEqual(['waveforms', 'dead-letter', 'aggregates-1s', 'telemetry'])
    const never = topicTable.filter(({ shed }) => shed === undefined).map(({ name }) => name)
    expect(never).toEqual(expect.arrayContaining(['alarms', 'alarm-events', 'ledger', 'state', 'signals']))
  })

  test('is nothing below the high watermark', () => {
    expect(planShedding([disk(151, holding('waveforms', 500))], extents, order, watermarks)).toEqual([])
  })

  test('is the oldest of the first topic alone, the same share of each partition, where that is enough', () => {
    const plan = planShedding(
      [disk(100, holding('waveforms', 210, 110), holding('telemetry', 400))],
      extents,
      order,
      watermarks,
    )
    // 100 of the 300 that can go: a third of 200 of 210, and of 100 of 110.
    expect(plan).toEqual([
      { topic: 'waveforms', partition: 0, from: 100n, to: 100n + 318n },
      { topic: 'waveforms', partition: 1, from: 100n, to: 100n + 304n },
    ])
  })

  test('goes on with the next topic once the one before is down to what is being written', () => {
    const plan = planShedding(
      [disk(0, holding('waveforms', 60), holding('telemetry', 460))],
      extents,
      order,
      watermarks,
    )
    expect(plan.map(({ topic, to }) => [topic, Number(to) - 100])).toEqual([
      ['waveforms', 834],
      ['telemetry', 327],
    ])
  })

  test('is as much as the fullest disk needs', () => {
    const less = disk(140, holding('waveforms', 500))
    const more = disk(50, holding('waveforms', 500))
    const alone = planShedding([more], extents, order, watermarks)
    expect(planShedding([less, more], extents, order, watermarks)).toEqual(alone)
  })

  test('is nothing where nothing can go', () => {
    expect(planShedding([disk(0, holding('waveforms', 9))], extents, order, watermarks)).toEqual([])
  })

  test('is told as a sum and in ranges', () => {
    const first = entryOf({ ...extent('waveforms'), to: 400n }, undefined, 'full', 5)
    const second = entryOf({ ...extent('waveforms'), from: 400n, to: 450n }, first, 'full', 6)
    expect(second).toMatchObject({ offsets: 350, at: 6 })
    expect(second.ranges).toEqual([
      { from: '100', to: '400', at: 5 },
      { from: '400', to: '450', at: 6 },
    ])
  })
})

test('retention by time and size is that of the topic table, for every topic that is made', () => {
  const specs = topicSpecs({ name: 'demo', partitions: 3, servers: [{ services: ['broker'] }] })
  expect(specs.length).toBe(topicTable.length)
  for (const { name, config } of specs) {
    const { keep } = topicTable.find(row => row.name === name)!
    if (keep === 'compacted') expect(config, name).toMatchObject({ 'cleanup.policy': 'compact' })
    else
      expect(config, name).toMatchObject({
        'cleanup.policy': 'delete',
        'retention.ms': String(keep.days * 86_400_000),
        'retention.bytes': String(keep.gib * 2 ** 30),
      })
  }
})
