import { type Static, Type } from 'typebox'
import { everyOption } from '../announce.ts'
import { machineStateOptions } from '../machine-state.ts'
import { trustOptions } from '../trust.ts'

export const MultivariateOptions = Type.Object(
  {
    tags: Type.Array(Type.String(), {
      minItems: 2,
      maxItems: 16,
      uniqueItems: true,
      description:
        'The telemetry tags that belong together: each is compared with what the others tell of it.',
    }),
    sigmas: Type.Number({
      exclusiveMinimum: 0,
      default: 6.5,
      description:
        'How far a tag may be off what is expected, in standard deviations of that in the time of learning.',
    }),
    learnRows: Type.Integer({
      minimum: 100,
      default: 36_000,
      description:
        'How many rows are learned before anything is judged; one every stepMs while all tags are known.',
    }),
    smoothMs: Type.Integer({
      minimum: 0,
      default: 20_000,
      description: 'Time constant of the average that is judged, ms of source time.',
    }),
    adaptMs: Type.Integer({
      minimum: 1_000,
      default: 3_600_000,
      description:
        'Time constant with which slow drifts are followed, ms of source time; twenty times slower while it warns.',
    }),
    stepMs: Type.Integer({
      minimum: 0,
      default: 1_000,
      description: 'The tags are put side by side this often, by their newest samples, ms of source time.',
    }),
    ...machineStateOptions,
    ...trustOptions,
    ...everyOption(),
  },
  { additionalProperties: false },
)
export type MultivariateOptions = Static<typeof MultivariateOptions>
