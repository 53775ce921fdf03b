import { type Static, Type } from 'typebox'

const Range = Type.Object({
  from: Type.String({ description: 'first offset removed, a decimal string' }),
  to: Type.String({ description: 'first offset kept, a decimal string' }),
  at: Type.Integer({ description: 'when, microseconds UTC' }),
})

/**
 * What was removed from a partition before its time because a broker's disk was nearly full; topic `ledger`, key
 * `shed:<topic>/<partition>`. Written before it is removed: so nothing is ever removed that is not told here.
 */
export const ShedEntry = Type.Object(
  {
    v: Type.Literal(1),
    topic: Type.String(),
    partition: Type.Integer(),
    at: Type.Integer({ description: 'the last time, microseconds UTC' }),
    reason: Type.String({ description: 'one sentence for a person' }),
    offsets: Type.Integer({
      description: 'removed since ever; a few of them are marks of transactions, the others records',
    }),
    ranges: Type.Array(Range, { description: 'the latest, oldest first' }),
  },
  { $id: 'shed-v1', title: 'Shed entry v1' },
)
export type ShedEntry = Static<typeof ShedEntry>

/** Keys of these entries in the topic `ledger` begin so; no source is named so. */
export const shedKeyPrefix = 'shed:'
