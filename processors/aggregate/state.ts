import type { Micros } from '../../model/index.ts'
import { type EventTime, newEventTime } from '../event-time/index.ts'
import { type Clock, newClock } from './clock.ts'
import { type Losses, noLosses } from './losses.ts'
import type { Series } from './series.ts'
import type { Spans } from './spans.ts'
import type { Kept, Window } from './window.ts'

export type AggregateState = {
  v: 2
  /** A window that ends at or before its watermark is closed. */
  time: EventTime
  series: Record<string, Series>
  spans: Spans
  losses: Losses
  clock: Clock
  /** The highest revision that was given out. */
  highest: number
  /** Windows before `until` may be a second time of a clock that was set back: their revisions begin at `revision`. */
  again: { until: Micros; revision: number } | null
}

export function newState(): AggregateState {
  return {
    v: 2,
    time: newEventTime(),
    series: {},
    spans: [[], [], []],
    losses: noLosses(),
    clock: newClock(),
    highest: 0,
    again: null,
  }
}

/** As version 1 wrote it: one watermark, windows without `given` and `late`. */
type First = {
  readonly v?: never
  readonly watermark: Micros | null
  readonly series: Record<string, Series>
  readonly spans: Spans
  readonly losses: Losses
}

/** The state as this version keeps it, whichever version wrote it. */
export function current(state: AggregateState | First): AggregateState {
  if (state.v === 2) return state
  const { watermark, series, spans, losses } = state
  for (const { open, kept } of Object.values(series)) {
    for (const window of open.flat()) Object.assign(window, { given: 0, late: 0 } satisfies Partial<Window>)
    for (const window of kept.flat() as Kept[]) window.push(window[1], 0)
  }
  const fresh = newState()
  fresh.time.watermark = watermark
  return { ...fresh, series, spans, losses: { ...noLosses(), ...losses } }
}
