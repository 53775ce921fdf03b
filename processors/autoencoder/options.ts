import { type Static, Type } from 'typebox'

export const AutoencoderOptions = Type.Object(
  {
    tags: Type.Array(Type.String(), {
      minItems: 2,
      maxItems: 64,
      description:
        'The telemetry tags that are looked at together. What does not move while it learns is left out.',
    }),
    learnMinutes: Type.Number({
      minimum: 0.5,
      default: 10,
      description:
        'From the first so many minutes of source time it learns what is normal; until then the signal is not known. A fault that is there from the start is learned as normal.',
    }),
    everyMs: Type.Integer({
      minimum: 10,
      default: 1_000,
      description: 'The tags are looked at this often at most, ms of source time.',
    }),
    maxAgeMs: Type.Integer({
      minimum: 10,
      default: 10_000,
      description: 'A tag without a sample for longer makes the signal not known, ms of source time.',
    }),
    hidden: Type.Integer({
      minimum: 1,
      maximum: 32,
      default: 12,
      description: 'Neurons of the hidden layer.',
    }),
    smoothing: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.05,
      description: 'Weight of the newest error in the mean of the errors that is judged.',
    }),
    warning: Type.Number({
      minimum: 1,
      default: 6,
      description: 'The verdict is warning above it, times the largest error that was normal.',
    }),
    alarm: Type.Number({ minimum: 1, default: 10, description: 'The same for alarm.' }),
    followRate: Type.Number({
      minimum: 0,
      maximum: 0.1,
      default: 0.005,
      description: 'How fast the network follows what drifts, while all is normal; 0: never.',
    }),
    givenOutMs: Type.Integer({
      minimum: 0,
      default: 10_000,
      description:
        'The signal is given out at every change of verdict, and else this often, ms of source time.',
    }),
  },
  { additionalProperties: false },
)
export type AutoencoderOptions = Static<typeof AutoencoderOptions>
