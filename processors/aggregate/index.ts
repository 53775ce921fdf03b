import type { Micros, Output, Processor } from '../../model/index.ts'
import type { ProcessorAsset } from '../contract.ts'
import { type Level, startOf } from './level.ts'
import { lossSignal, noLosses } from './losses.ts'
import type { AggregateOptions } from './options.ts'
import { type AggregateState, addRecord, type Revised } from './record.ts'
import { closeSeries, isEmpty, keepWindow } from './series.ts'
import { evidenceIn, letGo, passOn } from './spans.ts'
import { aggregateOf, type Window } from './window.ts'

export { AggregateOptions } from './options.ts'
export type { AggregateState } from './record.ts'

/**
 * Tumbling windows of 1 s, 1 min and 1 h over source time for every tag of the asset. A window is closed, given out
 * and merged into the next longer one when the asset's newest source time reaches its end. A late sample is added to
 * the windows that are closed but kept, which are given out again with the next revision, and to the first open one;
 * where a window is no longer kept the sample is counted in the signal `not-aggregated`.
 */
export function aggregate(asset: ProcessorAsset, options: AggregateOptions): Processor<AggregateState> {
  const levels: readonly Level[] = [
    { topic: 'aggregates-1s', size: 1_000_000, kept: options.lateness1sMs * 1_000 },
    { topic: 'aggregates-1m', size: 60_000_000, kept: options.lateness1mMs * 1_000 },
    { topic: 'aggregates-1h', size: 3_600_000_000, kept: options.lateness1hMs * 1_000 },
  ]
  const giveOut = giverFor(asset, levels)
  return {
    name: 'aggregate',
    isLarge: true,
    initial: () => ({ watermark: null, series: {}, spans: [[], [], []], losses: noLosses() }),
    step(state, event) {
      if (event.kind !== 'telemetry') return [state, []]
      const revised: Revised[] = []
      const outputs: Output[] = []
      const newest = addRecord(state, event.record, levels, revised)
      revise(state, revised, giveOut, outputs)
      const before = state.watermark ?? Number.NEGATIVE_INFINITY
      if (newest > before) {
        state.watermark = newest
        close(state, levels, before, giveOut, outputs)
      }
      outputs.push(...lossSignal(state.losses, asset.id, event.record, state.watermark))
      return [state, outputs]
    },
  }
}

type GiveOut = (window: Window, tag: string, n: number, evidence: ReturnType<typeof evidenceIn>) => Output

function giverFor(asset: ProcessorAsset, levels: readonly Level[]): GiveOut {
  const units = new Map(asset.tags.map(tag => [tag.name, tag.unit]))
  return (window, tag, n, evidence) => {
    const { topic, size } = levels[n]!
    const names = { asset: asset.id, tag, unit: units.get(tag) }
    const value = aggregateOf(window, names, size, evidence(n, window.start))
    window.emitted++
    return { topic, value, t: value.end }
  }
}

function revise(
  { spans }: AggregateState,
  revised: readonly Revised[],
  giveOut: GiveOut,
  outputs: Output[],
): void {
  const evidence = evidenceIn(spans)
  for (const { tag, series, n, window } of revised) {
    outputs.push(giveOut(window, tag, n, evidence))
    keepWindow(series, n, window)
  }
}

/** Closes what the watermark has passed since it was at `before`. */
function close(
  state: AggregateState,
  levels: readonly Level[],
  before: Micros,
  giveOut: GiveOut,
  outputs: Output[],
): void {
  const watermark = state.watermark!
  const shortest = levels[0]!.size
  if (startOf(before, shortest) === startOf(watermark, shortest)) return
  passOn(state.spans, levels, before, watermark)
  const evidence = evidenceIn(state.spans)
  for (const tag of Object.keys(state.series)) {
    const series = state.series[tag]!
    closeSeries(series, levels, watermark, (window, n) => outputs.push(giveOut(window, tag, n, evidence)))
    if (isEmpty(series)) delete state.series[tag]
  }
  letGo(state.spans, levels, watermark)
}
