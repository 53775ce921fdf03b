/**
 * The life of an alarm (after IEC 62682 / ISA-18.2, without acknowledgement, which is not here yet):
 *
 *   none ─ warning or alarm ─▶ open ─ normal for clearDelayMs ─▶ cleared
 *                              open: escalates at once, is lowered after clearDelayMs without an alarm verdict;
 *                              not-known neither opens nor clears nor lowers, and is said in the reason after notKnownMs
 */
import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Default } from 'typebox/value'
import type { Alarm, Micros, Output, Processor, ProcessorEvent, Severity, Signal } from '../model/index.ts'

export const AlarmOptions = Type.Object(
  {
    clearDelayMs: Type.Integer({
      minimum: 0,
      default: 10_000,
      description: 'How long its signal must be normal before an alarm is cleared, ms of source time.',
    }),
    notKnownMs: Type.Integer({
      minimum: 0,
      default: 60_000,
      description:
        'After how long the reason of an open alarm says that its signal is not known, ms of source time.',
    }),
  },
  { additionalProperties: false },
)
export type AlarmOptions = Static<typeof AlarmOptions>

type OpenAlarm = {
  alarm: Alarm
  /** Since when, without a break, the signal has been normal; since when below an alarm; since when not known. */
  normalSince: Micros | null
  belowAlarmSince: Micros | null
  notKnownSince: Micros | null
  /** The reason says that the signal is not known. */
  saidNotKnown: boolean
}

/** Open alarms by signal; a list, because a name must not meet an object's own properties. */
export type AlarmState = { open: OpenAlarm[] }

/**
 * Turns the signals of one asset into alarms: at every change one record for `alarms` (the state as it is now, by id)
 * and the same one for `alarm-events` (the history). A signal older than the alarm's last change counts at that time.
 */
export function lifecycle(given: Partial<AlarmOptions> = {}): Processor<AlarmState> {
  const options = Default(AlarmOptions, { ...given }) as AlarmOptions
  return {
    name: 'alarms',
    initial: () => ({ open: [] }),
    step(state, event: ProcessorEvent) {
      if (event.kind !== 'signal') return [state, []]
      const alarm = next(state, event.signal, options)
      return [state, alarm === undefined ? [] : outputsOf(alarm)]
    },
  }
}

/** The same record for both topics, as it stands now. */
function outputsOf(alarm: Alarm): Output[] {
  const value = structuredClone(alarm)
  return [
    { topic: 'alarms', value, t: value.t },
    { topic: 'alarm-events', value, t: value.t },
  ]
}

/** The alarm as changed by the signal, or undefined when nothing changed. */
function next(state: AlarmState, signal: Signal, options: AlarmOptions): Alarm | undefined {
  const open = state.open.find(({ alarm }) => alarm.signal === signal.signal)
  if (open === undefined) return opened(state, signal)
  const t = Math.max(signal.t, open.alarm.t)
  remember(open, signal.verdict, t)
  if (signal.verdict === 'not-known') return sayNotKnown(open, signal, t, options)
  const severity = signal.verdict === 'alarm' ? 'alarm' : 'warning'
  if (due(open.normalSince, t, options.clearDelayMs)) {
    state.open.splice(state.open.indexOf(open), 1)
    return change(open, signal, t, { state: 'cleared' })
  }
  if (severity === 'alarm' && open.alarm.severity === 'warning') return change(open, signal, t, { severity })
  if (signal.verdict === 'normal') return undefined
  if (open.alarm.severity === 'alarm' && due(open.belowAlarmSince, t, options.clearDelayMs))
    return change(open, signal, t, { severity })
  return open.saidNotKnown ? change(open, signal, t, {}) : undefined
}

function opened(state: AlarmState, signal: Signal): Alarm | undefined {
  if (signal.verdict !== 'warning' && signal.verdict !== 'alarm') return undefined
  const alarm: Alarm = {
    v: 1,
    id: idOf(signal),
    asset: signal.asset,
    signal: signal.signal,
    state: 'open',
    severity: signal.verdict,
    since: signal.t,
    t: signal.t,
    value: signal.value,
    unit: signal.unit,
    reason: signal.reason,
    evidence: structuredClone(signal.evidence),
  }
  state.open.push({
    alarm,
    normalSince: null,
    belowAlarmSince: null,
    notKnownSince: null,
    saidNotKnown: false,
  })
  return alarm
}

/** A hash of its inputs: the same records give the same alarm in every replay. */
function idOf({ asset, signal, t, evidence }: Signal): string {
  const first = evidence[0]
  const parts = [asset, signal, t, first?.source, first?.epoch, first?.from]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

function remember(open: OpenAlarm, verdict: Signal['verdict'], t: Micros): void {
  open.notKnownSince = verdict === 'not-known' ? (open.notKnownSince ?? t) : null
  if (verdict === 'not-known') {
    open.normalSince = null
    open.belowAlarmSince = null
    return
  }
  open.normalSince = verdict === 'normal' ? (open.normalSince ?? t) : null
  open.belowAlarmSince = verdict === 'alarm' ? null : (open.belowAlarmSince ?? t)
}

function due(since: Micros | null, t: Micros, delayMs: number): boolean {
  return since !== null && t - since >= delayMs * 1_000
}

function sayNotKnown(open: OpenAlarm, signal: Signal, t: Micros, options: AlarmOptions): Alarm | undefined {
  if (open.saidNotKnown || !due(open.notKnownSince, t, options.notKnownMs)) return undefined
  open.saidNotKnown = true
  const seconds = Math.round((t - open.notKnownSince!) / 1e6)
  const reason = `Not known for ${seconds} s whether it lasts: ${signal.reason}. Before: ${open.alarm.reason}`
  return update(open.alarm, { ...signal, reason }, t)
}

function change(
  open: OpenAlarm,
  signal: Signal,
  t: Micros,
  to: { readonly state?: 'cleared'; readonly severity?: Severity },
): Alarm {
  open.saidNotKnown = false
  return update(Object.assign(open.alarm, to), signal, t)
}

/** Evidence: that of the opening, and that of the latest change; what lies between is in the signals. */
function update(alarm: Alarm, signal: Signal, t: Micros): Alarm {
  const first = alarm.evidence.slice(0, 1)
  return Object.assign(alarm, {
    t,
    value: signal.value,
    unit: signal.unit,
    reason: signal.reason,
    evidence: structuredClone([...first, ...signal.evidence]),
  })
}
