import type { SignalSpec } from '../../processors/contract.ts'

export type SetOptions = { readonly learnMs?: number }

/**
 * What is proposed for any asset whose state has a tag: one `anomaly` over all its measured tags, with one false alarm
 * in four weeks as its budget, and `stuck` for each of them while the machine runs.
 */
export function defaultAnomalySet(
  tags: readonly string[],
  stateTag: string,
  running: readonly string[],
  { learnMs = 86_400_000 }: SetOptions = {},
): SignalSpec[] {
  const state = { stateTag, settleMs: 1_800_000 }
  return [
    { processor: 'anomaly', name: 'unusual', tags, ...state, falseAlarmsPerWeek: 0.25, learnMs },
    ...tags.map(tag => ({
      processor: 'stuck',
      name: `${tag}-stuck`,
      tag,
      ...state,
      states: running,
      afterMs: 600_000,
    })),
  ]
}
