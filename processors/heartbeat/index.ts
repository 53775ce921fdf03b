import { type Static, Type } from 'typebox'
import type { Evidence, Micros, Output, Processor, ProcessorEvent, Signal } from '../../model/index.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'

export const HeartbeatOptions = Type.Object(
  {
    afterMs: Type.Integer({
      minimum: 1_000,
      maximum: 31 * 86_400_000,
      default: 60_000,
      description: 'The machine is silent when no record of it has come for so long, ms by receipt.',
    }),
    severity: Type.Union([Type.Literal('warning'), Type.Literal('alarm')], {
      default: 'warning',
      description: 'The verdict on a silent machine.',
    }),
    everyMs: Type.Integer({
      minimum: 1_000,
      default: 600_000,
      description: 'How often it is said again while the silence lasts, ms.',
    }),
  },
  { additionalProperties: false },
)
export type HeartbeatOptions = Static<typeof HeartbeatOptions>
type Named = HeartbeatOptions & { readonly name: string }

export type HeartbeatState = {
  v: 1
  /** Receipt of the last record, else the first tick: from then on silence counts. */
  heard: Micros | null
  /** The newest source time in a record; null before the first. */
  newest: Micros | null
  verdict: Signal['verdict'] | null
  toldAt: Micros
  /** The last record. */
  evidence: Evidence[]
}

/** Silence is told by ticks: a machine of which no telemetry and no waveform has come within its heartbeat. */
export const heartbeat: ProcessorKind<HeartbeatOptions> = {
  kind: 'heartbeat',
  options: HeartbeatOptions,
  create({ id }, options) {
    return {
      name: options.name,
      initial: () => ({ v: 1, heard: null, newest: null, verdict: null, toldAt: 0, evidence: [] }),
      step(state, event) {
        if (event.kind === 'tick') return silence(state, event.t, id, options)
        if (event.kind !== 'telemetry' && event.kind !== 'waveform') return [state, []]
        return [state, sign(state, event, id, options)]
      },
    } satisfies Processor<HeartbeatState>
  },
}

type Record = Extract<ProcessorEvent, { kind: 'telemetry' | 'waveform' }>

function sign(state: HeartbeatState, event: Record, asset: string, options: Named): Output[] {
  const newest = newestIn(event)
  if (newest === undefined) return []
  const heard = event.receivedAt ?? newest
  const was = state.newest === null ? 0 : Math.max(0, heard - state.heard!)
  state.heard = Math.max(heard, state.newest === null ? heard : state.heard!)
  state.newest = newest
  state.evidence = []
  witness(state.evidence, event.kind === 'telemetry' ? event.record : event.block)
  if (state.verdict === 'normal') return []
  const reason =
    state.verdict === null ? 'It talks' : `It talks again, after ${seconds(was)} without a record`
  state.verdict = 'normal'
  return [signalOf(state, newest, 0, reason, asset, options)]
}

function newestIn(event: Record): Micros | undefined {
  const times = event.kind === 'telemetry' ? event.record.t : [event.block.t]
  const known = times.filter(t => Number.isSafeInteger(t))
  return known.length === 0 ? undefined : known.reduce((a, b) => Math.max(a, b))
}

function silence(
  state: HeartbeatState,
  t: Micros,
  asset: string,
  options: Named,
): readonly [HeartbeatState, readonly Output[]] {
  if (state.heard === null) return [{ ...state, heard: t }, []]
  const silent = t - state.heard
  const isDue = state.verdict !== options.severity || t >= state.toldAt + options.everyMs * 1_000
  if (silent < options.afterMs * 1_000 || !isDue) return [state, []]
  const next: HeartbeatState = { ...state, verdict: options.severity, toldAt: t }
  const since = next.newest === null ? 'since it was first looked for' : `since ${iso(next.heard!)}`
  const reason = `No record of it for ${seconds(silent)}, ${since}; its heartbeat is ${seconds(options.afterMs * 1_000)}`
  // In the machine's own time, which is that of its other signals.
  const at = next.newest === null ? t : next.newest + silent
  return [next, [signalOf(next, at, silent / 1e6, reason, asset, options)]]
}

function signalOf(
  { verdict, evidence }: HeartbeatState,
  t: Micros,
  value: number,
  reason: string,
  asset: string,
  { name, afterMs, severity }: Named,
): Output {
  const signal: Signal = {
    v: 1,
    asset,
    signal: name,
    processor: 'heartbeat',
    t,
    value,
    unit: 's',
    verdict: verdict ?? 'normal',
    limits: { [severity]: afterMs / 1_000 },
    reason,
    evidence: structuredClone(evidence),
  }
  return { topic: 'signals', t, value: signal }
}

function seconds(micros: Micros): string {
  return `${Number((micros / 1e6).toPrecision(4))} s`
}

function iso(t: Micros): string {
  const date = new Date(t / 1_000)
  return Number.isNaN(date.getTime()) ? `${t} µs` : date.toISOString()
}
