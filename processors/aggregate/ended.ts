import type { Micros } from '../../model/index.ts'
import { type Level, startOf } from './level.ts'
import { openAt, type Series } from './series.ts'
import { mergeWindow, openWindow, type Window } from './window.ts'

/**
 * Hands to `give` every open window that has ended at `reach` and holds what was not given out yet, as if all that is open
 * below it were closed. It stays open: the watermark alone closes, and what comes then is in time.
 */
export function giveOutEnded(
  series: Series,
  levels: readonly Level[],
  reach: Micros,
  give: (window: Window, n: number) => void,
): void {
  for (const [n, { size }] of levels.entries()) {
    for (const start of startsAt(series, levels, n)) {
      if (start + size > reach) break
      const window = foreseen(series, levels, n, start)
      if (window.given === window.count) continue
      give(window, n)
      const { emitted, given } = window
      Object.assign(openAt(series, n, start), { emitted, given })
    }
  }
}

/** Of the open windows of a level, and of those that open ones below will make, oldest first. */
function startsAt({ open }: Series, levels: readonly Level[], n: number): Micros[] {
  const { size } = levels[n]!
  const starts = open.slice(0, n + 1).flatMap(list => list.map(({ start }) => startOf(start, size)))
  return [...new Set(starts)].sort((a, b) => a - b)
}

/** A copy, merged in the order in which closing merges: the numbers are the same to the last bit. */
function foreseen(series: Series, levels: readonly Level[], n: number, start: Micros): Window {
  const whole = { ...(series.open[n]!.find(window => window.start === start) ?? openWindow(start)) }
  if (n === 0) return whole
  const end = start + levels[n]!.size
  for (const part of startsAt(series, levels, n - 1)) {
    if (part >= start && part < end) mergeWindow(whole, foreseen(series, levels, n - 1, part))
  }
  return whole
}
