/** The records that processors take, as the events that they see. */
import type { InRecord } from '../edge-broker/kafka.ts'
import {
  coded,
  type Label,
  MillraceError,
  type ProcessorEvent,
  type TelemetryRecord,
} from '../model/index.ts'
import { telemetryDecoder } from './telemetry-decoder.ts'
import { waveformOf } from './waveform.ts'

/** The topics that processors take records of. */
export const inputTopics = ['telemetry', 'waveforms', 'labels'] as const

/** The one of them whose receipt makes ticks: the topics are not read in step. */
export const clockTopic = 'telemetry'

/** The consumer group under which their positions are kept; what lag is measured by. */
export const processorGroup = 'processors'

export type InputEvent = Extract<ProcessorEvent, { kind: 'telemetry' | 'waveform' }>

const decodeTelemetry = telemetryDecoder()

/** @throws MillraceError `bad-payload` */
export function decode(record: InRecord): InputEvent {
  const receivedAt = record.timestamp * 1_000
  if (record.topic === 'waveforms') return { kind: 'waveform', block: waveformOf(record), receivedAt }
  const parsed = record.value === null ? null : readable(() => decodeTelemetry(record.value!))
  if (!isTelemetry(parsed)) throw new MillraceError('bad-payload', 'not a telemetry record of version 1')
  return { kind: 'telemetry', record: parsed, receivedAt }
}

/** @throws MillraceError `bad-payload` */
export function readable(read: () => unknown): unknown {
  try {
    return read()
  } catch (cause) {
    throw coded(cause, 'bad-payload', 'the record cannot be read')
  }
}

/** @throws MillraceError `bad-payload` */
export function labelOf({ value }: InRecord): Label {
  const parsed = (
    value === null ? null : readable(() => JSON.parse(value.toString()))
  ) as Partial<Label> | null
  if (parsed?.v === 1 && typeof parsed.asset === 'string' && Number.isSafeInteger(parsed.at))
    return parsed as Label
  throw new MillraceError('bad-payload', 'not a label of version 1')
}

/** The shape without which no processor can work. The full schema is not run over each record on the hot path. */
export function isTelemetry(parsed: unknown): parsed is TelemetryRecord {
  if (typeof parsed !== 'object' || parsed === null) return false
  const { v, asset, source, epoch, seq, tags, tag, t, value, status } = parsed as Partial<TelemetryRecord>
  if (v !== 1 || typeof asset !== 'string' || typeof source !== 'string') return false
  if (!Number.isInteger(epoch) || !Number.isInteger(seq)) return false
  const columns = [tag, t, value, status]
  return Array.isArray(tags) && columns.every(column => Array.isArray(column) && column.length === t?.length)
}
