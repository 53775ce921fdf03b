import { type Static, Type } from 'typebox'
import { MillraceError } from '../../model/index.ts'
import { everyOption } from '../announce.ts'
import type { ProcessorAsset } from '../contract.ts'

export const bounds = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        above: Type.Optional(Type.Number({ description: 'Beyond it when greater, in the unit of the tag.' })),
        below: Type.Optional(Type.Number({ description: 'Beyond it when less, in the unit of the tag.' })),
      },
      { additionalProperties: false, description },
    ),
  )

export const LimitsOptions = Type.Object(
  {
    tag: Type.String({ description: 'The telemetry tag that is watched.' }),
    warning: bounds('Limits beyond which the verdict is warning.'),
    alarm: bounds('Limits beyond which the verdict is alarm.'),
    hysteresis: Type.Number({
      minimum: 0,
      default: 0,
      description:
        'How far the value must come back within a limit to end its verdict, in the unit of the tag.',
    }),
    delayMs: Type.Integer({
      minimum: 0,
      default: 0,
      description: 'How long a value must stay beyond a limit before the verdict says so, ms of source time.',
    }),
    ...everyOption(),
  },
  { additionalProperties: false },
)
export type LimitsOptions = Static<typeof LimitsOptions>
export type Bounds = NonNullable<LimitsOptions['warning']>

/**
 * That there is a limit, and each can be reached before the next one out.
 * @throws MillraceError `config-invalid`
 */
export function refuseCrossed(
  asset: ProcessorAsset,
  options: LimitsOptions & { readonly name: string },
): void {
  const problem = problemOf(options)
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}, signal ${options.name} ${problem}`, {
    hint: 'Give warning and alarm as {above: ..., below: ...}, the alarm further out than the warning',
  })
}

function problemOf({ warning, alarm }: LimitsOptions): string | undefined {
  const given = [warning?.above, warning?.below, alarm?.above, alarm?.below]
  if (given.every(limit => limit === undefined)) return 'has no limit'
  if (crossed(warning?.above, alarm?.above) || crossed(alarm?.below, warning?.below))
    return 'reaches its alarm limit before its warning limit'
  if (crossed(warning?.below, warning?.above) || crossed(alarm?.below, alarm?.above))
    return 'has a lower limit above its upper limit'
  return undefined
}

function crossed(low: number | undefined, high: number | undefined): boolean {
  return low !== undefined && high !== undefined && low > high
}
