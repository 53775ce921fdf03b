import type { Signal } from '../../model/index.ts'
import { type Followed, isBeyond, type TrendState } from './follow.ts'
import type { TrendOptions } from './options.ts'

export type Named = TrendOptions & { readonly name: string }
export type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason'> &
  Partial<Pick<Signal, 'limits' | 'details'>>

export function notKnown(reason: string): Judgement {
  return { verdict: 'not-known', value: null, reason }
}

/** What the value comes to, with what it was compared with. */
export function judged(
  state: TrendState,
  value: number,
  { average, sigmas, sigma }: Followed,
  unit: string,
  options: Named,
): Judgement {
  const { mean } = state.baseline
  const side = options.side === 'above' ? 1 : -1
  const limit = (distance: number) => figure(mean + side * distance * sigma)
  return {
    verdict: state.level,
    value: figure(average),
    limits: { warning: limit(options.warningSigma), alarm: limit(options.alarmSigma) },
    details: {
      latest: figure(value),
      baselineMean: figure(mean),
      baselineSigma: figure(sigma),
      sigmas: figure(sigmas),
    },
    reason: reasonOf(state, average, sigmas, unit, options),
  }
}

function reasonOf(state: TrendState, average: number, sigmas: number, unit: string, options: Named): string {
  const { ofSignal, ofDetail, side, warningSigma, alarmSigma } = options
  const what = ofDetail === undefined ? ofSignal : `${ofDetail} of ${ofSignal}`
  const withUnit = (value: number) => (unit === '' ? `${figure(value)}` : `${figure(value)} ${unit}`)
  const now = `The average of ${what} is ${withUnit(average)}, ${distance(sigmas, side)} its baseline of ${withUnit(state.baseline.mean)}`
  if (state.level === 'normal')
    return isBeyond(state) && state.t! < state.quietUntil
      ? `${now}; it was told a short while ago`
      : `${now}; ${figure(warningSigma)} sigma would count`
  const limit = state.level === 'alarm' ? alarmSigma : warningSigma
  return sigmas > limit
    ? `${now}: beyond the ${figure(limit)} sigma that make ${state.level === 'alarm' ? 'an alarm' : 'a warning'}`
    : `${now}: not yet clear of the ${figure(limit)} sigma that made ${state.level === 'alarm' ? 'an alarm' : 'a warning'}`
}

function distance(sigmas: number, side: TrendOptions['side']): string {
  const other = side === 'above' ? 'below' : 'above'
  return `${Math.abs(sigmas).toFixed(1)} sigma ${sigmas >= 0 ? side : other}`
}

/** Five digits: more would only make records longer. */
function figure(value: number): number {
  return Number(value.toPrecision(5))
}
