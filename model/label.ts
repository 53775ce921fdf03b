import { type Static, Type } from 'typebox'

/** What a person, or the system that plans maintenance, knows of an asset; topic `labels`, key the asset. */
export const Label = Type.Object(
  {
    v: Type.Literal(1),
    asset: Type.String(),
    what: Type.Union(
      [
        Type.Literal('failed'),
        Type.Literal('repaired'),
        Type.Literal('true-alarm'),
        Type.Literal('false-alarm'),
      ],
      {
        description:
          'failed: its life ended; repaired: as new from then on; the others judge the alarm that was open then',
      },
    ),
    at: Type.Integer({ description: 'when it was so, source time, microseconds UTC' }),
    note: Type.Optional(Type.String({ description: 'for people' })),
  },
  { $id: 'label-v1', title: 'Label v1' },
)
export type Label = Static<typeof Label>
