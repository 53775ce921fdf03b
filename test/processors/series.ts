import type { ProcessorEvent, Signal, Tag } from '../../model/index.ts'
import type { ProcessorKind } from '../../processors/contract.ts'
import { createRandom } from '../simulator/random.ts'
import { declared, hour, type Row, run, second, signalsIn, telemetry } from './records.ts'

export const minute = 60 * second
export const day = 24 * 60 * minute

/** A value a sample; `bad` stands for bad quality, `gap` for a sample that never came. */
export type Series = (i: number) => unknown

/** Level 50, noise of standard deviation 1, a swing of 5 over the day where `t` is minutes. */
export function steadyNoise(seed: number, level = 50, swing = 0): Series {
  const random = createRandom(seed, 'series')
  return i => level + swing * Math.sin((2 * Math.PI * i) / 1_440) + random.gaussian()
}

/** One record a sample, `every` apart, from the start of a day on. */
export function* events(
  n: number,
  every: number,
  series: Readonly<Record<string, Series>>,
  from = 0,
): Generator<ProcessorEvent> {
  for (let i = from; i < n; i++) {
    const rows: Row[] = Object.entries(series).flatMap(([tag, of]) => {
      const value = of(i)
      if (value === 'gap') return []
      return [{ tag, t: hour + i * every, value, status: value === 'bad' ? 0x80050000 : 0 }]
    })
    if (rows.length > 0) yield telemetry(i + 1, rows)
  }
}

export function signalsOf(
  kind: ProcessorKind,
  tags: readonly Tag[],
  given: Record<string, unknown>,
  events: Iterable<ProcessorEvent>,
): Signal[] {
  return signalsIn(run(declared(kind, tags, 'watched', given), events))
}

/** Sample numbers at which a warning or alarm begins. */
export function beginnings(signals: readonly Signal[], every: number): number[] {
  const raised = ({ verdict }: Signal) => verdict === 'warning' || verdict === 'alarm'
  return signals
    .filter((signal, i) => raised(signal) && (i === 0 || !raised(signals[i - 1]!)))
    .map(({ t }) => (t - hour) / every)
}
