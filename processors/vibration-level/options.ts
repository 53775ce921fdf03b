import { type Static, Type } from 'typebox'
import { MillraceError, type Tag } from '../../model/index.ts'
import { everyOption } from '../announce.ts'
import { metresPerS2, unitNames } from './unit.ts'
import { type Boundaries, zoneTable } from './zones.ts'

const Band = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9-]+$', description: 'Tells the band in the details: band.NAME.' }),
    lowHz: Type.Number({ minimum: 0, description: 'Lower end.' }),
    highHz: Type.Number({ exclusiveMinimum: 0, description: 'Upper end.' }),
  },
  { additionalProperties: false },
)

export const LevelOptions = Type.Object(
  {
    tag: Type.String({
      description: `The waveform tag with the blocks of an accelerometer; its unit is one of ${unitNames.join(', ')}.`,
    }),
    quantity: Type.Union([Type.Literal('velocity'), Type.Literal('acceleration')], {
      default: 'velocity',
      description:
        'The value: RMS of the velocity between lowHz and highHz in mm/s, judged by zones, or of the whole acceleration in the unit of the tag, judged by limits where there are any.',
    }),
    machineGroup: Type.Union([Type.Literal('group-1'), Type.Literal('group-2')], {
      default: 'group-2',
      description:
        'After ISO 20816-3: group-1 large machines (above 300 kW), group-2 those of medium size (15 to 300 kW).',
    }),
    foundation: Type.Union([Type.Literal('rigid'), Type.Literal('flexible')], {
      default: 'rigid',
      description: 'After ISO 20816-3; where in doubt rigid, which has the lower boundaries.',
    }),
    zonesMmS: Type.Optional(
      Type.Tuple([Type.Number(), Type.Number(), Type.Number()], {
        description:
          'Boundaries A/B, B/C and C/D of your own, mm/s, in place of those by group and foundation, which are from memory: compare them with your copy of the standard.',
      }),
    ),
    warning: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Limit of the value, in its unit; for a velocity in place of the boundary B/C.',
      }),
    ),
    alarm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Limit of the value, in its unit; for a velocity in place of the boundary C/D.',
      }),
    ),
    lowHz: Type.Number({
      exclusiveMinimum: 0,
      default: 10,
      description: 'Lower end of the velocity; 2 for machines below 600 rpm.',
    }),
    highHz: Type.Number({ exclusiveMinimum: 0, default: 1_000, description: 'Upper end of the velocity.' }),
    bands: Type.Array(Band, {
      default: [],
      maxItems: 20,
      description: 'Acceleration RMS between two frequencies, for the details.',
    }),
    blocks: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 3,
      description: 'The value is the RMS of so many blocks; before there are so many, it is not known.',
    }),
    hysteresisShare: Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: 0.05,
      description: 'How far the value must fall below a limit to end its verdict, as a share of it.',
    }),
    ...everyOption(10_000),
  },
  { additionalProperties: false },
)
export type LevelOptions = Static<typeof LevelOptions>
export type Limits = { readonly warning?: number; readonly alarm?: number }

export function boundariesOf({ machineGroup, foundation, zonesMmS }: LevelOptions): Boundaries {
  return zonesMmS ?? zoneTable[machineGroup][foundation]
}

/** A velocity is limited by its zones C and D, unless there are limits of its own. */
export function limitsOf(options: LevelOptions): Limits {
  const [, bc, cd] = boundariesOf(options)
  const zones = options.quantity === 'velocity' ? { warning: bc, alarm: cd } : {}
  const { warning, alarm } = options
  return { ...zones, ...(warning !== undefined && { warning }), ...(alarm !== undefined && { alarm }) }
}

/**
 * What no schema can tell of the options.
 * @throws MillraceError `config-invalid`
 */
export function refuse(tag: Tag, options: LevelOptions & { readonly name: string }): void {
  const problem = problemOf(tag, options)
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${tag.asset}, signal ${options.name} ${problem}`, {
    hint: 'A vibration-level signal has a tag in a unit of acceleration, boundaries that rise, and lowHz below highHz',
  })
}

function problemOf(tag: Tag, options: LevelOptions): string | undefined {
  const { lowHz, highHz, bands } = options
  const [ab, bc, cd] = boundariesOf(options)
  const { warning = 0, alarm = Number.POSITIVE_INFINITY } = limitsOf(options)
  if (tag.unit !== undefined && metresPerS2(tag.unit) === undefined)
    return `has a tag in "${tag.unit}", which is none of ${unitNames.join(', ')}`
  if (!(ab < bc && bc < cd)) return 'has zone boundaries that do not rise'
  if (warning > alarm) return 'reaches its alarm limit before its warning limit'
  if (lowHz >= highHz) return 'has a lowHz that is not below its highHz'
  const wrong = bands.find(band => band.lowHz >= band.highHz)
  return wrong && `has a band "${wrong.name}" whose lowHz is not below its highHz`
}
