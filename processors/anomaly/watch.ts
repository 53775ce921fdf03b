import type { Micros, Tag } from '../../model/index.ts'
import { mostStates } from '../machine-state.ts'
import type { Reading } from '../readings.ts'
import { newTrust, spanText, type Trust, take } from '../trust.ts'
import { type Ensemble, newEnsemble, resume, type Step, type Surprise, surprise } from './ensemble.ts'
import type { AnomalyOptions } from './options.ts'

/** With fewer nothing can be as rare as any threshold. */
const leastSteps = 100

/** One watched tag. */
export type Watch = {
  trust: Trust
  /** The samples since the last step; `from` is the end of that. */
  from: Micros
  /** What came before is no neighbour of the next step: a gap, or another state of the machine, lies between. */
  parted: boolean
  n: number
  sum: number
  /** Sum of squares about `pivot`, the first of them: large levels must not swallow small noise. */
  squares: number
  pivot: number
  /** By the machine's state ("" where none is given), in the order they were met. */
  learned: { state: string; since: Micros; ensemble: Ensemble }[]
  last: (Surprise & { readonly step: Step }) | null
  why: string | null
}

export function newWatch(): Watch {
  return {
    trust: newTrust(),
    from: Number.MIN_SAFE_INTEGER,
    parted: false,
    n: 0,
    sum: 0,
    squares: 0,
    pivot: 0,
    learned: [],
    last: null,
    why: null,
  }
}

/** Forgets the samples that no step has judged: something has come between them and the next. */
export function dropStep(watch: Watch): void {
  watch.n = 0
  watch.parted = true
}

/** Adds a sample; true where it ends a step, which then has been judged (`last`), or tells `why` it cannot be. */
export function watchSample(
  watch: Watch,
  reading: Reading,
  tag: Tag,
  state: string,
  options: AnomalyOptions,
): boolean {
  const { value, relearn } = take(watch.trust, reading, tag, options)
  if (relearn) watch.learned = []
  if (value === null) {
    dropStep(watch)
    watch.last = null
    return false
  }
  add(watch, value)
  if (reading.t < watch.from + options.stepMs * 1_000) return false
  const mean = watch.sum / watch.n
  const offset = mean - watch.pivot
  const step = { t: reading.t, mean, variance: Math.max(0, watch.squares / watch.n - offset * offset) }
  watch.n = 0
  watch.from = reading.t
  judge(watch, step, state, options)
  return true
}

function add(watch: Watch, value: number): void {
  if (watch.n === 0) Object.assign(watch, { sum: 0, squares: 0, pivot: value })
  const offset = value - watch.pivot
  watch.n++
  watch.sum += value
  watch.squares += offset * offset
}

function judge(watch: Watch, step: Step, state: string, { learnMs }: AnomalyOptions): void {
  let learned = watch.learned.find(one => one.state === state)
  if (learned === undefined) {
    if (watch.learned.length >= mostStates) {
      watch.last = null
      watch.why = `"${state}" is one more than the ${mostStates} states of the machine that are learned`
      return
    }
    learned = { state, since: step.t, ensemble: newEnsemble(step) }
    watch.learned.push(learned)
  }
  if (watch.parted) resume(learned.ensemble, step)
  watch.parted = false
  const found = surprise(learned.ensemble, step)
  const for_ = step.t - learned.since
  const ready = for_ >= learnMs * 1_000 && learned.ensemble.n >= leastSteps
  watch.last = ready ? { ...found, step } : null
  watch.why = ready
    ? null
    : `learning: ${learned.ensemble.n} steps in ${spanText(for_)}, of ${leastSteps} and ${spanText(learnMs * 1_000)}${state && ` in state "${state}"`}`
}
