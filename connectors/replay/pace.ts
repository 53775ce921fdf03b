import type { Micros } from '../../model/index.ts'
import type { Options } from './options.ts'

/** When a recorded moment is due, and what time it is stamped with. */
export type Pace = {
  /** ms UTC */
  dueMs(t: Micros): number
  stamp(t: Micros): Micros
}

/** @param anchor the recorded moment that happens at `nowMs` */
export function paceFrom(anchor: Micros, nowMs: number, { speed, times }: Options): Pace {
  if (speed === 'max') return { dueMs: () => Number.NEGATIVE_INFINITY, stamp: t => t }
  return {
    dueMs: t => nowMs + (t - anchor) / 1000 / speed,
    stamp: t => (times === 'recorded' ? t : Math.round(nowMs * 1000 + (t - anchor) / speed)),
  }
}
