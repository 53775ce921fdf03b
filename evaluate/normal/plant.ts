import { lifecycle } from '../../alarms/lifecycle.ts'
import type { Micros, ProcessorEvent, Signal } from '../../model/index.ts'
import { chainFor, runChain, type States } from '../../processors/chain.ts'
import { machine, products, readings, type Second, tagsOf } from './machine.ts'
import { defaultAnomalySet, type SetOptions } from './set.ts'

/** Monday, 2026-01-05T00:00:00Z. */
const start: Micros = Date.UTC(2026, 0, 5) * 1_000
const recordSeconds = 10
const names = readings.map(({ name }) => name)

export type AssetRun = {
  readonly asset: string
  readonly samples: number
  /** Alarms that were opened: their source time and reason. */
  readonly alarms: readonly { readonly day: number; readonly signal: string; readonly reason: string }[]
  /** Judgements that were given out as known. */
  readonly judged: number
}

/** A fault for tests: changes the values of a second, in place. */
export type Fault = (values: (number | null)[], second: number) => void

/** One machine through the whole chain of the plant: aggregates, the default anomaly set, the life of alarms. */
export function runAsset(n: number, days: number, options: SetOptions & { fault?: Fault } = {}): AssetRun {
  const asset = `normal/hall/line-${1 + Math.floor(n / 10)}/machine-${n}`
  const signals = defaultAnomalySet(names, 'state', products, options)
  const chain = chainFor({ id: asset, tags: tagsOf(asset), signals }, [lifecycle()])
  const states: States = new Map()
  const alarms: { day: number; signal: string; reason: string }[] = []
  let samples = 0
  let judged = 0
  for (const event of eventsOf(asset, machine(1_000 + n, days * 86_400), options.fault)) {
    if (event.kind === 'telemetry') samples += event.record.tag.length
    for (const output of runChain(states, chain, event)) {
      if (output.topic === 'signals' && isJudged(output.value)) judged++
      if (output.topic !== 'alarm-events') continue
      const { state, since, t, signal, reason } = output.value
      if (state === 'open' && since === t) alarms.push({ day: (t - start) / 86_400e6, signal, reason })
    }
  }
  return { asset, samples, alarms, judged }
}

function isJudged({ signal, verdict }: Signal): boolean {
  return signal === 'unusual' && verdict !== 'not-known'
}

/** Records of ten seconds, as a subscription with that publishing interval gives them. */
function* eventsOf(
  asset: string,
  seconds: Iterable<Second>,
  fault: Fault = () => undefined,
): Generator<ProcessorEvent> {
  let columns = emptyColumns()
  let s = 0
  let seq = 0
  for (const { state, values } of seconds) {
    const t = start + s * 1e6
    fault(values, s)
    for (const [i, value] of values.entries()) if (value !== null) push(columns, i, t, value)
    if (s % recordSeconds === 0 && values[0] !== null) push(columns, names.length, t, state)
    if (++s % recordSeconds !== 0 || columns.t.length === 0) continue
    const record = {
      v: 1 as const,
      asset,
      source: 'plant',
      epoch: 1,
      seq: ++seq,
      tags: [...names, 'state'],
      ...columns,
    }
    yield { kind: 'telemetry', record }
    columns = emptyColumns()
  }
}

type Columns = { tag: number[]; t: Micros[]; value: unknown[]; status: number[] }

function emptyColumns(): Columns {
  return { tag: [], t: [], value: [], status: [] }
}

function push(columns: Columns, tag: number, t: Micros, value: unknown): void {
  columns.tag.push(tag)
  columns.t.push(t)
  columns.value.push(Number.isNaN(value) ? 'NaN' : value)
  columns.status.push(0)
}
