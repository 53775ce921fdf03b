import type { Signal } from '../../model/index.ts'
import type { Known, Unknown } from './course.ts'
import type { RemainingLifeOptions } from './options.ts'

export type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason'> &
  Partial<Pick<Signal, 'limits' | 'details'>>

export function lifeOf(result: Known | Unknown, { warning, alarm }: RemainingLifeOptions): Judgement {
  const limits = {
    ...(warning && { warning: warning.below }),
    ...(alarm && { alarm: alarm.below }),
  }
  const told = { ...predicted(result), ...(Object.keys(limits).length > 0 && { limits }) }
  if (!result.ok) return told
  const { hours } = result.prediction
  if (alarm && hours < alarm.below) return { ...told, verdict: 'alarm' }
  return { ...told, verdict: warning && hours < warning.below ? 'warning' : 'normal' }
}

/** What a model that is not in force yet would say: never an alarm. */
export const shadowOf = (result: Known | Unknown): Judgement => predicted(result)

/** The share of the capped life that is left. */
export function healthOf(result: Known | Unknown): Judgement {
  if (!result.ok) return notKnown(result)
  const { prediction, model } = result
  const value = rounded((100 * prediction.hours) / model.cap)
  return {
    verdict: 'normal',
    value,
    reason: `${value} % of the ${model.cap} h that the model looks ahead remain${wornText(result)}`,
    details: { model: model.id },
  }
}

function predicted(result: Known | Unknown): Judgement {
  if (!result.ok) return notKnown(result)
  const { prediction, model } = result
  const { cap, interval, id } = model
  const value = rounded(prediction.hours)
  // Outwards, so that rounding never narrows the interval.
  const lower = Math.floor(prediction.lower * 10) / 10
  const upper = Math.ceil(prediction.upper * 10) / 10
  const span = `${lower} to ${upper} h in ${Math.round(interval.level * 100)} of 100 cases`
  const cut = upper >= cap ? `, where ${cap} h stands for all that is more` : ''
  return {
    verdict: 'normal',
    value,
    reason: `${value} h of operation remain (${span}${cut})${wornText(result)}`,
    details: { lower, upper, cap, model: id },
  }
}

function notKnown({ reason }: Unknown): Judgement {
  return { verdict: 'not-known', value: null, reason: `Remaining life is not known: ${reason}` }
}

function wornText({ furthest }: Known): string {
  const parts = furthest.map(
    ({ input, deviations }) => `${input} ${deviations < 0 ? '-' : '+'}${Math.abs(deviations).toFixed(1)}`,
  )
  return `; furthest from the mean of its class, in standard deviations: ${parts.join(', ')}`
}

const rounded = (value: number): number => Math.round(value * 10) / 10
