import type { Micros } from '../../model/index.ts'
import { entryAt, type Level, startOf } from './level.ts'
import type { Line } from './line.ts'
import { type Kept, keep, mergeWindow, openWindow, reopen, type Window } from './window.ts'

/** The windows of one tag by level, oldest first: those that are open, and those kept for late samples. */
export type Series = {
  open: [Window[], Window[], Window[]]
  kept: [Kept[], Kept[], Kept[]]
  /** Of tags that are followed over time. */
  line?: Line
}

export function newSeries(): Series {
  return { open: [[], [], []], kept: [[], [], []] }
}

/** The kept window of that start, to be changed and given out again; a new one where it had no sample. */
export function reopened(series: Series, n: number, start: Micros): Window {
  const kept = series.kept[n]!.find(window => window[0] === start)
  return kept === undefined ? openWindow(start) : reopen(kept)
}

/** Puts a window that was given out among the kept ones, or in the place of its former self. */
export function keepWindow(series: Series, n: number, window: Window): void {
  const list = series.kept[n]!
  let after = list.length
  while (after > 0 && list[after - 1]![0] > window.start) after--
  const replaced = list[after - 1]?.[0] === window.start ? 1 : 0
  list.splice(after - replaced, replaced, keep(window))
}

/** The open window of a level; a new one where there was none. */
export function openAt(series: Series, n: number, start: Micros): Window {
  return entryAt(series.open[n]!, start, openWindow)
}

/**
 * Closes the windows that the watermark has passed: merges each into the next longer one and hands it to `give`, which
 * counts it as given out, unless it was given out as it stands. What ticks gave out before its end stands so no longer where
 * values are held. Lets go what is kept no longer.
 */
export function closeSeries(
  series: Series,
  levels: readonly Level[],
  watermark: Micros,
  isHeld: boolean,
  give: (window: Window, n: number) => void,
): void {
  for (let n = 0; n < levels.length; n++) {
    const { size, kept } = levels[n]!
    const open = series.open[n]!
    const longer = levels[n + 1]
    while (open.length > 0 && open[0]!.start + size <= watermark) {
      const window = open.shift()!
      if (longer !== undefined) mergeWindow(openAt(series, n + 1, startOf(window.start, longer.size)), window)
      if (isHeld || window.emitted === 0 || window.given !== window.count) give(window, n)
      keepWindow(series, n, window)
    }
    const old = series.kept[n]!
    while (old.length > 0 && old[0]![0] + size + kept <= watermark) old.shift()
  }
}

/** Where a tag is followed over time, what it was last is never let go. */
export function isEmpty({ open, kept, line }: Series): boolean {
  return line === undefined && open.every(list => list.length === 0) && kept.every(list => list.length === 0)
}
