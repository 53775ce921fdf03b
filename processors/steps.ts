import { Type } from 'typebox'
import type { Micros } from '../model/index.ts'

export const stepOption = {
  stepMs: Type.Integer({
    minimum: 0,
    default: 60_000,
    description: 'Samples of this long are judged together, by their mean, ms of source time.',
  }),
}

/** Samples that wait to be judged together; `from` is the end of the last step. */
export type Steps = { from: Micros; n: number; sum: number }

export function newSteps(): Steps {
  return { from: Number.MIN_SAFE_INTEGER, n: 0, sum: 0 }
}

/** Adds a sample; the mean where it ends a step. */
export function stepMean(steps: Steps, t: Micros, value: number, stepMs: number): number | undefined {
  steps.n++
  steps.sum += value
  if (t < steps.from + stepMs * 1_000) return undefined
  const mean = steps.sum / steps.n
  Object.assign(steps, { from: t, n: 0, sum: 0 })
  return mean
}
