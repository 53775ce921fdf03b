import { type Static, Type } from 'typebox'

/** A change of the plant folder that was not applied: what runs is what ran before. */
const RefusedChange = Type.Object({
  at: Type.Integer({ description: 'when it was refused, microseconds UTC' }),
  problems: Type.Array(
    Type.Object({
      file: Type.String({ description: 'relative to the plant folder' }),
      line: Type.Integer({ description: 'from 1; 0: the file as a whole' }),
      column: Type.Integer({ description: 'from 1; 0: the file as a whole' }),
      message: Type.String(),
    }),
    { description: 'the first of them; `millrace check` shows all' },
  ),
  count: Type.Integer({ description: 'how many problems there are' }),
})

/** Which configuration one service runs; topic `ledger`, key `service:<server>/<service>`. */
export const ServiceEntry = Type.Object(
  {
    v: Type.Literal(1),
    service: Type.String({ description: '`start` is the command that runs a whole plant on one machine' }),
    server: Type.String(),
    at: Type.Integer({ description: 'microseconds UTC' }),
    plantHash: Type.String({ description: 'SHA-256 of the plant folder that runs' }),
    refused: Type.Optional(RefusedChange),
  },
  { $id: 'service-v1', title: 'Service entry v1' },
)
export type ServiceEntry = Static<typeof ServiceEntry>

/** Keys of these entries in the topic `ledger` begin so; no source is named so. */
export const serviceKeyPrefix = 'service:'

/**
 * What took effect in one partition besides its input records; topic `activations`. A configuration, or a choice of models,
 * is in the transaction of the first record it was applied to; a tick, where for a second no telemetry
 * came, in one of its own.
 */
export const Activation = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Union([Type.Literal('configuration'), Type.Literal('models'), Type.Literal('tick')]),
    plant: Type.String(),
    plantHash: Type.String(),
    t: Type.Optional(
      Type.Integer({
        description: 'of a tick: its time; of a configuration: receipt of that record; microseconds UTC',
      }),
    ),
    before: Type.Object(
      { topic: Type.String(), partition: Type.Integer(), offset: Type.String() },
      { description: 'the input record from which on it holds; offsets as decimal strings' },
    ),
    models: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({
          active: Type.Union([Type.String(), Type.Null()]),
          shadow: Type.Union([Type.String(), Type.Null()]),
        }),
        { description: 'kind `models`: ids of the models in force from then on, by asset class' },
      ),
    ),
  },
  { $id: 'activation-v1', title: 'Activation v1' },
)
export type Activation = Static<typeof Activation>
