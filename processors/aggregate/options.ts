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
  },
  { additionalProperties: false },
)
export type AggregateOptions = Static<typeof AggregateOptions>
