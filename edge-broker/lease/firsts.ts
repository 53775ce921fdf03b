import type { Micros, TelemetryRecord } from '../../model/index.ts'
import type { InRecord, Kafka } from '../kafka.ts'

export type FirstsOptions = {
  readonly kafka: Kafka
  readonly source: string
  /** Whose samples: those of the server that took over. */
  readonly epoch: number
  /** When the first of its rows came in. */
  readonly since: Micros
  /** Partitions in which the source's assets are. */
  readonly partitions: readonly number[]
}

/** A server that takes over reads every tag it will read within this time, or the tag has nothing to tell. */
export const settledAfterMs = 5_000

/** Source time of the first sample of every tag, by `asset/tag`, that a server has sent after it took over. */
export async function firstSamples(options: FirstsOptions): Promise<Map<string, Micros>> {
  const { kafka, since, partitions } = options
  const topics = ['telemetry', 'waveforms']
  const places = topics.flatMap(topic => partitions.map(partition => ({ topic, partition })))
  const admin = await kafka.admin()
  const latest = await admin.offsets(topics, 'latest').finally(() => admin.close())
  const end = latest.filter(({ partition }) => partitions.includes(partition))
  const start = { timestamp: Math.floor(since / 1000) }
  const reader = await kafka.reader({ partitions: places, start, end, onGap: () => {} })
  const until = since / 1000 + settledAfterMs
  const passed = new Set<string>()
  const firsts = new Map<string, Micros>()
  for await (const batch of reader) {
    for (const record of batch) {
      if (record.timestamp > until) passed.add(`${record.topic}/${record.partition}`)
      else for (const [tag, t] of samplesOf(record, options)) if (!(firsts.get(tag)! <= t)) firsts.set(tag, t)
    }
    if (passed.size === places.length) break
  }
  return firsts
}

function samplesOf(record: InRecord, { source, epoch }: FirstsOptions): [string, Micros][] {
  const { topic, value, headers } = record
  if (topic === 'waveforms') {
    const isIts = headers.get('source') === source && Number(headers.get('epoch')) === epoch
    return isIts ? [[`${headers.get('asset')}/${headers.get('tag')}`, Number(headers.get('t'))]] : []
  }
  if (!value?.includes(`"source":${JSON.stringify(source)},"epoch":${epoch},`)) return []
  const { asset, tags, tag, t } = JSON.parse(value.toString()) as TelemetryRecord
  return t.map((time, i) => [`${asset}/${tags[tag[i]!]}`, time])
}
