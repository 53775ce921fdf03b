import { type Static, Type } from 'typebox'
import { MillraceError } from '../../model/index.ts'
import type { ProcessorAsset } from '../contract.ts'
import { Bearing } from './bearing.ts'

export const VibrationOptions = Type.Object(
  {
    tag: Type.String({ description: 'The waveform tag with the blocks of an accelerometer at the bearing.' }),
    bearing: Bearing,
    rpm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Shaft speed where it does not change; or give rpmTag.',
      }),
    ),
    rpmTag: Type.Optional(
      Type.String({
        description: 'Telemetry tag with the shaft speed, 1/min; its latest good value counts.',
      }),
    ),
    warningDb: Type.Number({
      default: 16,
      description:
        'Margin of the fault lines over the envelope noise that makes a warning, dB, in blocks of 40 turns; 3 less for rolling elements, and for each halving of the turns.',
    }),
    alarmDb: Type.Number({
      default: 19,
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
    everyMs: Type.Integer({
      minimum: 0,
      default: 10_000,
      description:
        'The signal is given out at every change of verdict, and else this often, ms of source time.',
    }),
  },
  { additionalProperties: false },
)
export type VibrationOptions = Static<typeof VibrationOptions>

/**
 * What no schema can tell of the options.
 * @throws MillraceError `config-invalid`
 */
export function refuse(asset: ProcessorAsset, options: VibrationOptions & { readonly name: string }): void {
  const { bearing, rpm, rpmTag, warningDb, alarmDb } = options
  const problem =
    (rpm === undefined) === (rpmTag === undefined)
      ? 'needs either rpm or rpmTag'
      : bearing.ballDiameterMm >= bearing.pitchDiameterMm
        ? 'has a bearing whose balls are not smaller than its pitch circle'
        : warningDb > alarmDb
          ? 'has a warningDb above its alarmDb'
          : undefined
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}, signal ${options.name} ${problem}`, {
    hint: 'A vibration signal has tag, rpm or rpmTag, and bearing {balls, ballDiameterMm, pitchDiameterMm}',
  })
}
