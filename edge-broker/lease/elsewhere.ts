import type { Micros, TelemetryRecord } from '../../model/index.ts'
import type { InRecord, Kafka } from '../kafka.ts'

export type ElsewhereOptions = {
  readonly kafka: Kafka
  readonly source: string
  /** Whether samples under this epoch are meant. */
  readonly isMeant: (epoch: number) => boolean
  /** When the first row of the server that took over came in. */
  readonly since: Micros
  /** Partitions in which the source's assets are. */
  readonly partitions: readonly number[]
}

/** A server that takes over reads every tag it will read within this time, or the tag has nothing to tell. */
export const settledAfterMs = 5_000

/** How a sample is called among all of a source: `asset/tag`, and its source time. */
export const sampleName = (tag: string, t: Micros): string => `${tag} ${t}`

/** Source time of the first sample of every tag, by `asset/tag`, that was sent within `settledAfterMs`. */
export async function firstSamples(options: ElsewhereOptions): Promise<Map<string, Micros>> {
  const firsts = new Map<string, Micros>()
  for await (const [tag, t] of sent(options, settledAfterMs)) if (!(firsts.get(tag)! <= t)) firsts.set(tag, t)
  return firsts
}

/** The names of all samples that were sent since: as many as there are, in memory. */
export async function namesSent(options: ElsewhereOptions): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const [tag, t] of sent(options)) names.add(sampleName(tag, t))
  return names
}

/** The samples that are in Kafka now, of the first `withinMs`. */
async function* sent(
  options: ElsewhereOptions,
  withinMs = Number.POSITIVE_INFINITY,
): AsyncGenerator<[string, Micros]> {
  const { kafka, since, partitions } = options
  const topics = ['telemetry', 'waveforms']
  const places = topics.flatMap(topic => partitions.map(partition => ({ topic, partition })))
  const admin = await kafka.admin()
  const latest = await admin.offsets(topics, 'latest').finally(() => admin.close())
  const end = latest.filter(({ partition }) => partitions.includes(partition))
  const start = { timestamp: Math.floor(since / 1000) }
  const reader = await kafka.reader({ partitions: places, start, end, onGap: () => {} })
  const until = since / 1000 + withinMs
  const passed = new Set<string>()
  for await (const batch of reader) {
    for (const record of batch) {
      if (record.timestamp > until) passed.add(`${record.topic}/${record.partition}`)
      else yield* samplesOf(record, options)
    }
    if (passed.size === places.length) return
  }
}

function samplesOf(
  { topic, value, headers }: InRecord,
  { source, isMeant }: ElsewhereOptions,
): [string, Micros][] {
  if (topic === 'waveforms') {
    const isIts = headers.get('source') === source && isMeant(Number(headers.get('epoch')))
    return isIts ? [[`${headers.get('asset')}/${headers.get('tag')}`, Number(headers.get('t'))]] : []
  }
  if (!value?.includes(`"source":${JSON.stringify(source)},`)) return []
  const { asset, tags, tag, t, ...of } = JSON.parse(value.toString()) as TelemetryRecord
  if (of.source !== source || !isMeant(of.epoch)) return []
  return t.map((time, i) => [`${asset}/${tags[tag[i]!]}`, time])
}
