import { type Static, Type } from 'typebox'
import { everyOption } from '../announce.ts'
import { budgetOptions } from '../budget.ts'
import { machineStateOptions } from '../machine-state.ts'
import { trustOptions } from '../trust.ts'

export const AnomalyOptions = Type.Object(
  {
    tags: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description:
          'The telemetry tags that are watched, each for itself; they share one budget. Left out: all of the asset that have a unit.',
      }),
    ),
    ...machineStateOptions,
    ...budgetOptions,
    stepMs: Type.Integer({
      minimum: 0,
      default: 60_000,
      description: 'Samples of this long are judged together, by mean and noise, ms of source time.',
    }),
    learnMs: Type.Integer({
      minimum: 0,
      default: 86_400_000,
      description: 'How long a tag is learned before it is judged, ms of source time.',
    }),
    ...trustOptions,
    ...everyOption(),
  },
  { additionalProperties: false },
)
export type AnomalyOptions = Static<typeof AnomalyOptions>
