import {
  type AssetId,
  qualityOf,
  type Sample,
  status,
  type Tag,
  type TelemetryRecord,
  toJson,
} from '../../model/index.ts'
import type { BufferedRecord, BufferedRow } from './buffer.ts'

/** One telemetry record an asset, and one waveform record a block, in the order of the samples. */
export function recordsOf(samples: readonly Sample[]): BufferedRecord[] {
  const byAsset = new Map<AssetId, Sample[]>()
  const records: BufferedRecord[] = []
  for (const sample of samples) {
    if (sample.tag.class === 'waveform') {
      records.push(waveform(sample))
    } else {
      const group = byAsset.get(sample.tag.asset)
      if (group) group.push(sample)
      else byAsset.set(sample.tag.asset, [sample])
    }
  }
  for (const [asset, group] of byAsset)
    records.push({ topic: 'telemetry', asset, body: telemetryBody(group), samples: group.length })
  return records
}

/** The columns of one record, in one pass: this runs for every sample that a plant has. */
function telemetryBody(samples: readonly Sample[]): Uint8Array {
  const indexes = new Map<Tag, number>()
  const columns: Columns = { tags: [], tag: [], t: [], value: [], status: [] }
  for (const sample of samples) {
    let index = indexes.get(sample.tag)
    if (index === undefined) {
      index = indexes.size
      indexes.set(sample.tag, index)
      columns.tags.push(sample.tag.name)
    }
    columns.tag.push(index)
    columns.t.push(sample.t)
    columns.value.push(toJson(sample.value))
    columns.status.push(sample.status)
  }
  if (samples.some(({ code }) => code !== undefined)) columns.code = samples.map(({ code }) => code ?? null)
  if (samples.some(({ serverTime }) => serverTime !== undefined)) {
    columns.serverT = samples.map(({ serverTime }) => serverTime ?? null)
  }
  if (samples.some(({ picoseconds }) => picoseconds)) {
    columns.ps = samples.map(({ picoseconds }) => picoseconds ?? 0)
  }
  return Buffer.from(JSON.stringify(columns).slice(1))
}

type Columns = Pick<TelemetryRecord, 'tags' | 'tag' | 't' | 'value' | 'status' | 'code' | 'serverT' | 'ps'>

function waveform(sample: Sample): BufferedRecord {
  const { tag, value, t } = sample
  const whole = value instanceof Float32Array
  const block = whole ? value : new Float32Array(0)
  const code = !whole && qualityOf(sample.status) === 'good' ? status.badTypeMismatch : sample.status
  return {
    topic: 'waveforms',
    asset: tag.asset,
    tag: tag.name,
    body: new Uint8Array(block.buffer, block.byteOffset, block.byteLength),
    samples: 1,
    headers: {
      asset: tag.asset,
      tag: tag.name,
      t: String(t),
      rateHz: String(tag.sampleRateHz ?? 0),
      unit: tag.unit ?? '',
      status: String(code),
    },
  }
}

/** The Kafka record of a row, once its epoch is known: key, value and headers as the topics' documentation says. */
export function sealed(row: BufferedRow, source: string, epoch: number) {
  if (row.topic === 'waveforms') {
    return {
      key: `${row.asset}/${row.tag}`,
      value: row.body,
      headers: { ...row.headers, source, epoch: String(epoch), seq: String(row.seq) },
    }
  }
  const head = `{"v":1,"asset":${JSON.stringify(row.asset)},"source":${JSON.stringify(source)},"epoch":${epoch},"seq":${row.seq},`
  return { key: row.asset, value: Buffer.concat([Buffer.from(head), row.body]), headers: undefined }
}
