import { type Static, Type } from 'typebox'

/**
 * Telemetry record v1: all samples of one asset in one publishing interval, columnar. `tags` names the columns'
 * tags; the arrays `tag`, `t`, `value` and `status` have one entry a sample, `tag[i]` being an index into `tags`.
 * (source, epoch, seq) names the record for ever: `epoch` counts the source's restarts without memory, `seq` is
 * gapless within it over the topics `telemetry` and `waveforms` together, with one exception: records that a full disk
 * buffer dropped before they were sent are missing, and the source's ledger entry lists them (`dropped.ranges`: class,
 * first and last seq, how many of them are missing). A gap that is not listed there is a defect. Fields are only ever
 * added; readers ignore unknown ones.
 */
export const TelemetryRecord = Type.Object(
  {
    v: Type.Literal(1),
    asset: Type.String({ description: 'site/area/line/asset' }),
    source: Type.String({ description: 'the connection that read it' }),
    epoch: Type.Integer({ minimum: 1 }),
    seq: Type.Integer({ minimum: 1 }),
    tags: Type.Array(Type.String(), { description: 'names of the tags in this record' }),
    tag: Type.Array(Type.Integer({ minimum: 0 }), { description: 'index into tags, one a sample' }),
    t: Type.Array(Type.Integer(), { description: 'source time, microseconds UTC' }),
    value: Type.Array(Type.Unknown(), {
      description:
        'number, boolean, string, array or object; integers beyond 2^53, NaN and infinities as strings',
    }),
    status: Type.Array(Type.Integer({ minimum: 0 }), { description: 'OPC UA status code; 0 is good' }),
    code: Type.Optional(
      Type.Array(Type.Union([Type.Integer(), Type.Null()]), { description: "the protocol's own code" }),
    ),
    ps: Type.Optional(Type.Array(Type.Integer(), { description: 'picoseconds beyond t' })),
    serverT: Type.Optional(
      Type.Array(Type.Union([Type.Integer(), Type.Null()]), {
        description: 'server time, microseconds UTC, where it differs',
      }),
    ),
  },
  { $id: 'telemetry-v1', title: 'Telemetry record v1' },
)
export type TelemetryRecord = Static<typeof TelemetryRecord>

/**
 * One vibration block. In Kafka the value is the float32 little endian samples alone; everything else is in headers
 * of the same names (numbers in decimal).
 */
export type WaveformBlock = {
  asset: string
  tag: string
  source: string
  epoch: number
  seq: number
  /** Source time of the block, microseconds UTC, as the device stamps it. */
  t: number
  rateHz: number
  unit: string
  status: number
  samples: Float32Array
}

/** The input records that a result stands on. Kafka positions are not part of it: they differ between replays. */
export const Evidence = Type.Object({
  source: Type.String(),
  epoch: Type.Integer(),
  from: Type.Integer({ description: 'first seq' }),
  to: Type.Integer({ description: 'last seq' }),
})
export type Evidence = Static<typeof Evidence>
