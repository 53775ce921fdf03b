import { type Static, Type } from 'typebox'
import { MillraceError } from '../../model/index.ts'
import { everyOption } from '../announce.ts'
import type { ProcessorAsset } from '../contract.ts'
import { BearingOption, bearingOf } from './bearing.ts'

export const VibrationOptions = Type.Object(
  {
    tag: Type.String({ description: 'The waveform tag with the blocks of an accelerometer at the bearing.' }),
    bearing: BearingOption,
    rpm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Shaft speed where it does not change; or give rpmTag.',
      }),
    ),
    rpmTag: Type.Optional(
      Type.String({
        description:
          'Telemetry tag with the shaft speed, 1/min. Where it changes within a block by more than steadyShare, the block is resampled to equal angles of the shaft.',
      }),
    ),
    rpmMaxAgeMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'A speed told so long before a block is not known any more, ms; for tags that are told in intervals, not at changes only.',
      }),
    ),
    stampedAt: Type.Union([Type.Literal('start'), Type.Literal('end')], {
      default: 'end',
      description:
        'Which of its samples the source time of a block is that of; the speed is looked up by it.',
    }),
    steadyShare: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.02,
      description: 'Changes of speed within a block up to this share need no resampling.',
    }),
    maxSpeedChange: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Above this share of change within a block, it is not diagnosable.',
    }),
    warningDb: Type.Number({
      default: 14,
      description:
        'Margin of the fault lines over the envelope noise that makes a warning, dB, in blocks of 40 turns; 3 less for rolling elements, and for each halving of the turns. The best of six frequency bands counts, as far as the second best has half of it.',
    }),
    alarmDb: Type.Number({
      default: 18,
      description: 'Margin that makes an alarm, dB; less in the same cases.',
    }),
    hysteresisDb: Type.Number({
      minimum: 0,
      default: 1,
      description: 'How far the margin must fall below a threshold to end its verdict, dB.',
    }),
    blocks: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 3,
      description:
        'Margins are the mean of so many blocks; before there are so many, the verdict is not-known.',
    }),
    tolerance: Type.Number({
      minimum: 0,
      maximum: 0.05,
      default: 0.01,
      description: 'How far lines may be off the computed frequency by slip, as a share of it.',
    }),
    impulsiveKurtosis: Type.Number({
      minimum: 3,
      default: 4.5,
      description:
        'Above this lasting kurtosis (3 is noise) without a fault line the verdict is not-known: something hits all the time, but not at a fault frequency of this bearing.',
    }),
    ...everyOption(10_000),
  },
  { additionalProperties: false },
)
export type VibrationOptions = Static<typeof VibrationOptions>

/**
 * What no schema can tell of the options.
 * @throws MillraceError `config-invalid`
 */
export function refuse(asset: ProcessorAsset, options: VibrationOptions & { readonly name: string }): void {
  const { rpm, rpmTag, warningDb, alarmDb } = options
  const bearing = bearingOf(options.bearing)
  const problem =
    (rpm === undefined) === (rpmTag === undefined)
      ? 'needs either rpm or rpmTag'
      : typeof bearing === 'string'
        ? `has a bearing ${bearing}`
        : warningDb > alarmDb
          ? 'has a warningDb above its alarmDb'
          : undefined
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}, signal ${options.name} ${problem}`, {
    hint: 'A vibration signal has tag, rpm or rpmTag, and bearing {model} or {balls, ballDiameterMm, pitchDiameterMm}',
  })
}
