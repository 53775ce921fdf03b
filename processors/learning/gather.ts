import type { Micros, Tag, TelemetryRecord } from '../../model/index.ts'
import { numberOf, readingsOf } from '../readings.ts'

/** Telemetry on its way to observations; plain JSON. By tag, in the order of the setup. */
export type GatherState = {
  /** Newest source time that made an observation; samples before it come too late. */
  t: Micros | null
  slot: number | null
  sum: number[]
  count: number[]
  last: (number | null)[]
  lastT: (Micros | null)[]
  /** Why the newest sample of a tag is not known. */
  why: (string | null)[]
}

export type Gathering = {
  readonly tags: readonly Tag[]
  readonly everyMs: number
  /** How long the last good value stands for a tag: what does not change is not published. */
  readonly holdMs: number
}

/** What an asset was like at a time: a number a tag, or why it is not known. */
export type Observation = { readonly t: Micros; readonly values: readonly (number | string)[] }

export function newGatherState(tags: number): GatherState {
  const none = Array.from({ length: tags }, () => null)
  const zero = Array.from({ length: tags }, () => 0)
  return { t: null, slot: null, sum: zero, count: [...zero], last: none, lastT: [...none], why: [...none] }
}

/**
 * Adds a record, in place. With the first samples of each span of `everyMs` that a record has comes an observation: the
 * mean of each tag's good samples since the last one. Causal: it is made of what has come, and never changed later.
 */
export function gather(state: GatherState, record: TelemetryRecord, setup: Gathering): Observation[] {
  const spanUs = setup.everyMs * 1_000
  const observations: Observation[] = []
  const samples = samplesOf(record, setup.tags, state.t)
  samples.forEach(({ at, t, value }, i) => {
    take(state, at, t, value)
    const slot = Math.floor(t / spanUs)
    const next = samples[i + 1]
    const isLast = next === undefined || Math.floor(next.t / spanUs) > slot
    if (!isLast || (state.slot !== null && slot <= state.slot)) return
    state.t = t
    state.slot = slot
    observations.push(observed(state, t, setup))
  })
  return observations
}

type TagSample = { readonly at: number; readonly t: Micros; readonly value: number | string }

/** Those after `before`, in the order of source time. */
function samplesOf(record: TelemetryRecord, tags: readonly Tag[], before: Micros | null): TagSample[] {
  return tags
    .flatMap((tag, at) =>
      readingsOf(record, tag.name)
        .filter(({ t }) => before === null || t > before)
        .map(reading => ({ at, t: reading.t, value: numberOf(reading, tag) })),
    )
    .sort((a, b) => a.t - b.t)
}

function take(state: GatherState, at: number, t: Micros, value: number | string): void {
  if (typeof value === 'string') {
    state.why[at] = value
    return
  }
  state.sum[at]! += value
  state.count[at]!++
  state.last[at] = value
  state.lastT[at] = t
  state.why[at] = null
}

function observed(state: GatherState, t: Micros, { tags, holdMs }: Gathering): Observation {
  const values = tags.map((tag, at) => {
    const count = state.count[at]!
    const why = state.why[at]
    if (typeof why === 'string' && count === 0) return why
    if (count > 0) return state.sum[at]! / count
    const last = state.last[at]
    if (last === null || last === undefined) return `${tag.name} has told nothing yet`
    const ageMs = (t - state.lastT[at]!) / 1_000
    return ageMs <= holdMs ? last : `${tag.name} has told nothing for ${Math.round(ageMs / 1_000)} s`
  })
  state.sum.fill(0)
  state.count.fill(0)
  return { t, values }
}
