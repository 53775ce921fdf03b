import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { MillraceError, type TelemetryRecord, type Value } from '../../model/index.ts'
import type { Frame, Reading } from './recording.ts'

/** A telemetry record a frame; a line is one, or has one as its `value` as `millrace tail --json` prints it. */
export async function* jsonLineFrames(path: string): AsyncGenerator<Frame> {
  const stream = createReadStream(path)
  let line = 0
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++
      if (text.trim() === '') continue
      const readings = readingsOf(recordIn(text, `${path}:${line}`))
      const t = readings.reduce((newest, reading) => Math.max(newest, reading.t), Number.NEGATIVE_INFINITY)
      if (readings.length > 0) yield { t, readings }
    }
  } finally {
    stream.destroy()
  }
}

function recordIn(text: string, place: string): TelemetryRecord {
  const parsed = parsedAt(text, place)
  const inner = isMapping(parsed) && 'topic' in parsed ? parsed.value : parsed
  if (isTelemetry(inner)) return inner
  throw new MillraceError('bad-payload', `${place}: not a telemetry record of version 1`, {
    hint: 'Record with: millrace tail telemetry --json > recording.jsonl',
  })
}

function parsedAt(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MillraceError('bad-payload', `${place}: not JSON`, { cause })
  }
}

function readingsOf({ asset, tags, tag, t, value, status, code, ps }: TelemetryRecord): Reading[] {
  return tag.map((index, i) => ({
    asset,
    name: tags[index]!,
    t: t[i]!,
    value: value[i] as Value,
    status: status[i]!,
    ...(code?.[i] != null && { code: code[i] }),
    ...(ps?.[i] && { picoseconds: ps[i] }),
  }))
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isTelemetry(value: unknown): value is TelemetryRecord {
  if (!isMapping(value)) return false
  const { v, asset, tags, tag, t, status } = value as Partial<TelemetryRecord>
  if (v !== 1 || typeof asset !== 'string' || !Array.isArray(tags) || !Array.isArray(tag)) return false
  const columns = [t, value.value, status]
  if (!columns.every(column => Array.isArray(column) && column.length === tag.length)) return false
  return tag.every((index, i) => typeof tags[index] === 'string' && Number.isSafeInteger(t?.[i]))
}
