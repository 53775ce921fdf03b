import type { Plant } from '../../config/plant.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { InRecord, ReaderStart } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { topicSpecs } from '../../edge-broker/topics.ts'
import { lineOf, MillraceError, parseAssetId } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { waveformOf } from '../waveform.ts'

export type TailOptions = PlantOptions & { from: string; limit?: number; json?: boolean }

/** Prints records as they come, until the limit or Ctrl-C. */
export async function tail(what: string, options: TailOptions): Promise<void> {
  const { plant, connection } = await runningPlantAt(options)
  const followed = followedBy(what, plant)
  const start = startOf(options.from)
  const reader = await connectKafka(connection('operator')).reader({ partitions: followed.partitions, start })
  process.once('SIGINT', () => void reader.close())
  let left = options.limit ?? Number.POSITIVE_INFINITY
  for await (const batch of reader) {
    for (const record of batch) {
      if (!followed.wants(record)) continue
      console.log(options.json ? JSON.stringify(asJson(record)) : asLine(record))
      if (--left <= 0) return void (await reader.close())
    }
  }
}

type Followed = {
  partitions: { topic: string; partition: number }[]
  wants: (record: InRecord) => boolean
}

/** A topic in all its partitions, or an asset: its line's partition of everything that is keyed by asset. */
function followedBy(what: string, plant: Plant): Followed {
  const topics = topicSpecs(plant)
  if (!what.includes('/')) {
    const topic = topics.find(({ name }) => name === what)
    if (!topic) {
      throw new MillraceError('bad-address', `there is no topic "${what}"`, {
        hint: `One of ${topics.map(({ name }) => name).join(', ')}`,
      })
    }
    const partitions = Array.from({ length: topic.partitions }, (_, partition) => ({
      topic: what,
      partition,
    }))
    return { partitions, wants: () => true }
  }
  parseAssetId(what)
  const ids = plant.assets.map(({ id }) => id)
  if (!ids.includes(what)) console.error(`millrace: ${undeclared(what, ids)}`)
  const partition = partitionOf(lineOf(what), plant.partitions)
  const partitions = assetTopics.map(topic => ({ topic, partition }))
  return { partitions, wants: record => assetOf(record) === what }
}

/** It may be one that a connector has found, or that is replayed. */
function undeclared(asset: string, ids: readonly string[]): string {
  const near = nearest(asset, ids)
  const meant = near ? `Did you mean ${near}?` : `Declared are ${ids.slice(0, 10).join(', ')}`
  return `nobody declares ${asset}, and it is followed all the same. ${meant}`
}

const assetTopics = [
  'telemetry',
  'waveforms',
  'aggregates-1s',
  'aggregates-1m',
  'signals',
  'parts',
  'alarm-events',
]

function assetOf({ headers, key, value }: InRecord): string {
  const named = headers.get('asset')
  if (named !== undefined) return named
  const parsed = value && (jsonOf(value) as { asset?: string } | undefined)
  return parsed?.asset ?? key
}

/** @throws MillraceError `config-invalid` */
function startOf(from: string): ReaderStart {
  if (from === 'now') return 'latest'
  if (from === 'start') return 'earliest'
  const [, count, unit] = /^(\d+)(s|m|h|d)$/.exec(from) ?? []
  if (!count || !unit) {
    throw new MillraceError('config-invalid', `--from "${from}" is not understood`, {
      hint: 'Write now, start, or a time ago: 30s, 10m, 2h, 1d',
    })
  }
  const ms = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit]!
  return { timestamp: Date.now() - Number(count) * ms }
}

function asJson(record: InRecord) {
  const { topic, partition, offset, timestamp, key, headers } = record
  const position = { topic, partition, offset: String(offset), timestamp, key }
  return {
    ...position,
    ...(headers.size > 0 && { headers: Object.fromEntries(headers) }),
    value: readable(record),
  }
}

function asLine(record: InRecord): string {
  const at = new Date(record.timestamp).toISOString().slice(11, 23)
  const value = readable(record)
  return `${at} ${record.topic} ${record.key} ${typeof value === 'string' ? value : JSON.stringify(value)}`
}

/** What a person can read of a value: JSON as it is, a waveform's length and range. */
function readable(record: InRecord): unknown {
  if (record.value === null) return null
  if (record.topic !== 'waveforms') return jsonOf(record.value) ?? record.value.toString('base64')
  const { samples, unit, rateHz } = waveformOf(record)
  const [min, max] = samples.reduce(
    ([low, high], x) => [Math.min(low, x), Math.max(high, x)],
    [Infinity, -Infinity],
  )
  return { samples: samples.length, rateHz, unit, min, max }
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
