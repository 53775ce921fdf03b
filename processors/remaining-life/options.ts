import { type Static, Type } from 'typebox'

const below = (what: string) =>
  Type.Optional(
    Type.Object(
      { below: Type.Number({ minimum: 0, description: 'Hours of operation.' }) },
      { additionalProperties: false, description: what },
    ),
  )

export const RemainingLifeOptions = Type.Object(
  {
    inputs: Type.Array(Type.String(), {
      minItems: 1,
      uniqueItems: true,
      description: 'Tags of the asset that wear shows in.',
    }),
    settings: Type.Array(Type.String(), {
      default: [],
      uniqueItems: true,
      description:
        'Tags that tell how the asset is run (speed, load, product): inputs are compared within one regime of these.',
    }),
    everyMs: Type.Integer({
      minimum: 1_000,
      default: 3_600_000,
      description: 'One observation in each such span of source time, ms.',
    }),
    holdMs: Type.Integer({
      minimum: 1_000,
      default: 86_400_000,
      description: 'How long the last good value of a tag stands for it when no new one comes, ms.',
    }),
    memory: Type.Array(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      minItems: 2,
      maxItems: 4,
      default: [10, 40],
      description: 'Observations over which the features remember, shortest first. For training.',
    }),
    capHours: Type.Number({
      exclusiveMinimum: 0,
      default: 125,
      description:
        'Hours of operation above which remaining life is not told apart: more is told as this. For training.',
    }),
    knownFromStart: Type.Boolean({
      default: true,
      description:
        'Whether the first sample of an asset is the first of its life. If not, its remaining life is not known until a repair is told.',
    }),
    warning: below('Warning when less remains.'),
    alarm: below('Alarm when less remains.'),
  },
  { additionalProperties: false },
)
export type RemainingLifeOptions = Static<typeof RemainingLifeOptions>
