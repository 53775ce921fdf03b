import { type Static, type TSchema, Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { InRecord } from '../edge-broker/kafka.ts'
import { Aggregate, Alarm, LedgerEntry, Part, ServiceEntry, ShedEntry, Signal } from '../model/index.ts'

/** What the replicator writes to the ledger under the key `replicator`; it may tell more. */
export const ReplicatorEntry = Type.Object({
  records: Type.Integer({ minimum: 0 }),
  lagSeconds: Type.Union([Type.Number(), Type.Null()]),
  reason: Type.Optional(Type.String()),
})
export type ReplicatorEntry = Static<typeof ReplicatorEntry>

export const readers = {
  aggregate: reader(Aggregate),
  alarm: reader(Alarm),
  ledger: reader(LedgerEntry),
  part: reader(Part),
  replicator: reader(ReplicatorEntry),
  service: reader(ServiceEntry),
  shed: reader(ShedEntry),
  signal: reader(Signal),
}

/** Gives the record's payload if it has the schema's shape, else undefined; never throws. */
function reader<Schema extends TSchema>(schema: Schema): (record: InRecord) => Static<Schema> | undefined {
  const validator: Validator = Compile(schema)
  return record => {
    const value = parse(record.value)
    return validator.Check(value) ? (value as Static<Schema>) : undefined
  }
}

function parse(bytes: Buffer | null): unknown {
  if (!bytes) return undefined
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
