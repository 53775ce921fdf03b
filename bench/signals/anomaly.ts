/** CPU of the signals on process values, a scalar sample; of one asset with eight tags at 1 Hz. */

import { defaultAnomalySet } from '../../evaluate/normal/set.ts'
import type { ProcessorEvent, Tag } from '../../model/index.ts'
import { processorKinds, type SignalSpec } from '../../processors/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import { createRandom } from '../../test/simulator/random.ts'
import type { Row } from '../row.ts'

const asset = 'bench/area/line/asset'
const records = 20_000
const samplesARecord = 8 * 10

const tags: Tag[] = [
  ...Array.from({ length: 8 }, (_, i) => ({
    asset,
    name: `tag-${i}`,
    class: 'telemetry' as const,
    unit: 'V',
  })),
  { asset, name: 'mode', class: 'telemetry' },
]

/** What the set costs, and the multivariate model of the same tags beside it. */
export async function measure(): Promise<Row[]> {
  const names = tags.slice(0, 8).map(({ name }) => name)
  const together: SignalSpec = { processor: 'multivariate', name: 'together', tags: names }
  const events = [...recorded()]
  return [
    {
      name: 'the default anomaly set',
      ...cost(defaultAnomalySet(names, 'mode', ['running']), events),
      goal: 5,
    },
    { name: 'multivariate, 8 tags', ...cost([together], events) },
  ].map(row => ('goal' in row ? { ...row, met: row.value < row.goal } : row))
}

function cost(specs: readonly SignalSpec[], events: readonly ProcessorEvent[]) {
  const made = specs.map(({ processor, name, ...given }) => {
    const kind = processorKinds.find(one => one.kind === processor)!
    return kind.create({ id: asset, tags }, { ...checkedOptions(kind.options, given, name), name } as never)
  })
  const play = () => {
    const states = made.map(one => one.initial())
    for (const event of events)
      for (const [i, one] of made.entries()) [states[i]] = one.step(states[i], event)
  }
  play()
  const before = process.cpuUsage()
  play()
  const { user, system } = process.cpuUsage(before)
  return { value: (user + system) / (records * samplesARecord), unit: 'us a sample' }
}

/** Records of ten seconds, as an OPC UA subscription gives them; two days and a bit. */
function* recorded(): Generator<ProcessorEvent> {
  const random = createRandom(1, 'bench')
  const names = tags.map(({ name }) => name)
  const start = Date.UTC(2026, 0, 1) * 1_000
  for (let seq = 1; seq <= records; seq++) {
    const at = Array.from({ length: samplesARecord }, (_, i) => i % 8)
    const t = at.map((_, i) => start + (seq * 10 + Math.floor(i / 8)) * 1e6)
    const value: unknown[] = at.map(tag => 50 * tag + random.gaussian())
    yield {
      kind: 'telemetry',
      record: {
        v: 1,
        asset,
        source: 'bench',
        epoch: 1,
        seq,
        tags: names,
        tag: [8, ...at],
        t: [t[0]!, ...t],
        value: ['running', ...value],
        status: [0, ...at.map(() => 0)],
      },
    }
  }
}
