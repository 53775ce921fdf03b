import { type Static, Type } from 'typebox'

const count = (description: string) => Type.Integer({ minimum: 0, description })

/** Counts of records; none of them ever falls. */
const tally = {
  records: count('arrived in the region, each original once'),
  missing: count('left out: later records of their partition have arrived, they have not'),
  repeated: count('arrived again'),
  vanished: count(
    'offsets that the plant had deleted before they could be compared: at most so many more are missing',
  ),
  uncounted: count(
    'offsets that the region had deleted before they were counted: at most so many more arrived',
  ),
  cut: count('times a partition ended before what was already read: recreated, or cut by a power failure'),
}
export const Tally = Type.Object(tally)
export type Tally = Static<typeof Tally>

/** Where one partition was compared up to, both sides as decimal offsets, and what was found until there. */
export const Book = Type.Object({
  ...tally,
  edge: Type.String({ description: 'offset of the first record of the plant that has not arrived' }),
  region: Type.String({ description: 'next offset to read in the region' }),
  blind: Type.Boolean({ description: 'a side was deleted unread: what is skipped next proves nothing' }),
})
export type Book = Static<typeof Book>

/**
 * What has arrived in the region; topic `ledger`, key `replicator`. Counts and positions are in one record, so that
 * a restart neither forgets nor counts twice.
 */
export const ReplicationEntry = Type.Object(
  {
    v: Type.Literal(1),
    destination: Type.String(),
    at: Type.Integer({ description: 'microseconds UTC' }),
    records: count('arrived in the region'),
    waiting: count('records of the plant that have not arrived yet'),
    lagSeconds: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
      description: 'age of the oldest record that waits, 0 when none does; null: not known',
    }),
    reason: Type.Optional(Type.String({ description: 'what is wrong, and what to do' })),
    perTopic: Type.Record(Type.String(), Type.Object({ ...tally, waiting: count('not arrived yet') })),
    books: Type.Record(Type.String(), Book, { description: 'by topic/partition' }),
  },
  { $id: 'replication-v1', title: 'Replication entry v1' },
)
export type ReplicationEntry = Static<typeof ReplicationEntry>

export const emptyTally: Tally = { records: 0, missing: 0, repeated: 0, vanished: 0, uncounted: 0, cut: 0 }
