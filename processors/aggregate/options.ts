import { type Static, Type } from 'typebox'

const lateness = (windows: string, ms: number) =>
  Type.Integer({
    minimum: 0,
    maximum: 86_400_000,
    default: ms,
    description: `How long after their end ${windows} are kept for late samples, ms of source time; costs state.`,
  })

export const AggregateOptions = Type.Object(
  {
    lateness1sMs: lateness('1 s windows', 10_000),
    lateness1mMs: lateness('1 min windows', 120_000),
    lateness1hMs: lateness('1 h windows', 900_000),
    idleMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 10_000,
      description:
        'A source of an asset that was silent for so long does not hold back the windows of its other sources, ms; with all of them silent, windows that have ended are given out.',
    }),
    clockJumpMs: Type.Integer({
      minimum: 1_000,
      maximum: 86_400_000,
      default: 10_000,
      description:
        'Source time that runs so far ahead of its receipt, against what was usual, closes no window before it has lasted, ms.',
    }),
  },
  { additionalProperties: false },
)
export type AggregateOptions = Static<typeof AggregateOptions>
