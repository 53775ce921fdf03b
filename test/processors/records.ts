import type { Output, Processor, ProcessorEvent, Signal, Tag, TelemetryRecord } from '../../model/index.ts'
import type { ProcessorKind } from '../../processors/contract.ts'
import { checkedOptions } from '../../processors/options.ts'

export const asset = 'demo/hall/line-1/press-1'
/** 2026-01-01T00:00:00Z, the start of an hour, microseconds. */
export const hour = Date.UTC(2026, 0, 1) * 1_000
export const second = 1_000_000

export type Row = { tag: string; t: number; value: unknown; status?: number }

export function tagNamed(name: string, unit?: string, tagClass: Tag['class'] = 'telemetry'): Tag {
  return { asset, name, class: tagClass, ...(unit !== undefined && { unit }) }
}

export function recordOf(seq: number, rows: readonly Row[], epoch = 1): TelemetryRecord {
  const tags = [...new Set(rows.map(row => row.tag))]
  return {
    v: 1,
    asset,
    source: 'press',
    epoch,
    seq,
    tags,
    tag: rows.map(row => tags.indexOf(row.tag)),
    t: rows.map(row => row.t),
    value: rows.map(row => row.value),
    status: rows.map(row => row.status ?? 0),
  }
}

/** As it would come out of Kafka. */
export function telemetry(seq: number, rows: readonly Row[], epoch = 1): ProcessorEvent {
  return { kind: 'telemetry', record: recordOf(seq, rows, epoch) }
}

/** The processor with its kind's defaults, as a checked plant folder gives it. */
export function declared(
  kind: ProcessorKind,
  tags: readonly Tag[],
  name: string,
  given: Record<string, unknown>,
): Processor<unknown> {
  const options = checkedOptions(kind.options, given, name)
  return kind.create({ id: asset, tags }, { ...options, name } as never)
}

/** Runs the events; the state goes through JSON after every step, as it does through the changelog. */
export function run<State>(processor: Processor<State>, events: Iterable<ProcessorEvent>): Output[] {
  let state = processor.initial()
  const outputs: Output[] = []
  for (const event of events) {
    const [next, given] = processor.step(state, event)
    state = JSON.parse(JSON.stringify(next))
    outputs.push(...given)
  }
  return outputs
}

export function signalsIn(outputs: readonly Output[]): Signal[] {
  return outputs.flatMap(output => (output.topic === 'signals' ? [output.value] : []))
}
