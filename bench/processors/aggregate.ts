/**
 * The aggregates alone: 10,000 tags of 100 assets at 100,000 samples/s, 100-sample records, decoded already, nothing
 * written. What Kafka, JSON and the state's changelog cost is measured elsewhere.
 */
import type { ProcessorEvent, TelemetryRecord } from '../../model/index.ts'
import { AggregateOptions, aggregate } from '../../processors/aggregate/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import type { Row } from '../row.ts'

const assets = 100
const tagsEach = 100
const recordsPerSecond = 10
const seconds = 30
const rounds = 5

export async function measure(): Promise<Row[]> {
  // The first round warms the compiler up.
  const costs = Array.from({ length: rounds + 1 }, microsPerSample).slice(1)
  return [
    {
      name: `aggregates alone, ${assets * tagsEach} tags, CPU`,
      value: median(costs),
      unit: 'us/sample',
      goal: 1,
      met: median(costs) <= 1,
    },
  ]
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function microsPerSample(): number {
  const options = checkedOptions(AggregateOptions, {}, 'bench') as AggregateOptions
  const plant = Array.from({ length: assets }, (_, i) => {
    const processor = aggregate({ id: `bench/hall/line-1/machine-${i}`, tags: [] }, options)
    return { processor, state: processor.initial() }
  })
  let given = 0
  const before = process.cpuUsage()
  for (const event of events) {
    for (const { processor, state } of plant) given += processor.step(state, event)[1].length
  }
  const { user, system } = process.cpuUsage(before)
  if (given < assets * tagsEach * (seconds - 1)) throw new Error(`only ${given} aggregates were given out`)
  return (user + system) / (events.length * assets * tagsEach)
}

const begin = Date.UTC(2026, 0, 1) * 1_000
const tags = Array.from({ length: tagsEach }, (_, i) => `tag-${i}`)

/** The same for every asset: made once, so that making them is not measured. */
const events = Array.from({ length: seconds * recordsPerSecond }, (_, n) => recordOf(n))

function recordOf(n: number): ProcessorEvent {
  const t = begin + (n * 1_000_000) / recordsPerSecond
  const record: TelemetryRecord = {
    v: 1,
    asset: `bench/hall/line-1/machine`,
    source: 'bench',
    epoch: 1,
    seq: n + 1,
    tags,
    tag: tags.map((_, i) => i),
    t: tags.map((_, i) => t + i),
    value: tags.map((_, i) => 20 + 5 * Math.sin(n + i)),
    status: tags.map(() => 0),
  }
  return { kind: 'telemetry', record }
}
