import { type Static, Type } from 'typebox'
import { MillraceError } from '../../model/index.ts'
import { everyOption } from '../announce.ts'
import type { ProcessorAsset } from '../contract.ts'

export const TrendOptions = Type.Object(
  {
    ofSignal: Type.String({
      description: 'The signal that is followed: one of the same asset, declared before this one.',
    }),
    ofDetail: Type.Optional(
      Type.String({ description: 'A number among its details, such as kurtosis, in place of its value.' }),
    ),
    side: Type.Union([Type.Literal('above'), Type.Literal('below')], {
      default: 'above',
      description: 'On which side of the baseline the trend counts.',
    }),
    baselineValues: Type.Integer({
      minimum: 10,
      maximum: 100_000,
      default: 80,
      description:
        'From so many values, the first that are known and within their limits, mean and standard deviation (sigma) are learned. Meanwhile the verdict is not-known.',
    }),
    leastSigmaShare: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.02,
      description:
        'Sigma counts for at least this share of the mean: a calm baseline makes no nervous alarm.',
    }),
    smoothing: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.25,
      description: 'Weight of the newest value in the moving average (EWMA); 1 takes values as they are.',
    }),
    warningSigma: Type.Number({
      exclusiveMinimum: 0,
      default: 4,
      description: 'How many sigma from the mean the moving average makes a warning.',
    }),
    alarmSigma: Type.Number({ exclusiveMinimum: 0, default: 6, description: 'How many make an alarm.' }),
    inARow: Type.Integer({
      minimum: 1,
      default: 5,
      description:
        'So many values in a row must say so; and as many must be clear of a limit to end a verdict.',
    }),
    jumpInARow: Type.Integer({
      minimum: 1,
      default: 3,
      description: 'So many suffice that are themselves, not in the average, at twice the distance.',
    }),
    refractoryMs: Type.Integer({
      minimum: 0,
      default: 600_000,
      description:
        'After it has become normal, the verdict stays normal for so long, ms of source time: what flutters about a limit is told once.',
    }),
    ...everyOption(),
  },
  { additionalProperties: false },
)
export type TrendOptions = Static<typeof TrendOptions>

/** @throws MillraceError `config-invalid` */
export function refuse(asset: ProcessorAsset, options: TrendOptions & { readonly name: string }): void {
  const { ofSignal, name, warningSigma, alarmSigma } = options
  const problem =
    ofSignal === name
      ? 'follows itself'
      : warningSigma > alarmSigma
        ? 'has a warningSigma above its alarmSigma'
        : undefined
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}, signal ${name} ${problem}`, {
    hint: 'A trend signal has ofSignal, the name of a signal that is declared before it',
  })
}
