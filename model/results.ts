import { type Static, Type } from 'typebox'
import { Evidence } from './telemetry.ts'

/** One tag in one tumbling window of source time. The numeric fields are null where no sample was good and numeric. */
export const Aggregate = Type.Object(
  {
    v: Type.Literal(1),
    asset: Type.String(),
    tag: Type.String(),
    unit: Type.Optional(Type.String()),
    start: Type.Integer({ description: 'first microsecond of the window, UTC' }),
    end: Type.Integer({ description: 'first microsecond after it' }),
    count: Type.Integer({ description: 'samples of any quality' }),
    good: Type.Integer({ description: 'samples of good quality; good / count is the share of good' }),
    min: Type.Union([Type.Number(), Type.Null()]),
    max: Type.Union([Type.Number(), Type.Null()]),
    mean: Type.Union([Type.Number(), Type.Null()]),
    std: Type.Union([Type.Number(), Type.Null()], {
      description: 'sample standard deviation; null below two samples',
    }),
    last: Type.Unknown({ description: 'last good value by source time, of any type; null if none' }),
    revision: Type.Integer({
      minimum: 0,
      description: 'counts re-emissions after late samples; the highest counts',
    }),
    late: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'samples among these that came after the window was closed; absent: none',
      }),
    ),
    timeMean: Type.Optional(
      Type.Union([Type.Number(), Type.Null()], {
        description:
          'mean in which a value counts as long as it was held; of tags declared `aggregate: time-weighted`',
      }),
    ),
    increase: Type.Optional(
      Type.Number({
        description:
          'how far the counter went on, over its wraps and resets; of tags declared `aggregate: counter`',
      }),
    ),
    states: Type.Optional(
      Type.Record(Type.String(), Type.Number(), {
        description:
          'seconds in each state, `not-known` where the value was bad; of tags declared `aggregate: states`',
      }),
    ),
    evidence: Type.Array(Evidence),
  },
  { $id: 'aggregate-v1', title: 'Aggregate v1' },
)
export type Aggregate = Static<typeof Aggregate>

export const Severity = Type.Union([Type.Literal('warning'), Type.Literal('alarm')])
export type Severity = Static<typeof Severity>

/** A condition indicator of an asset at a source time. `value` null means "not known", and `reason` says why. */
export const Signal = Type.Object(
  {
    v: Type.Literal(1),
    asset: Type.String(),
    signal: Type.String({ description: 'the name declared in the plant folder' }),
    processor: Type.String(),
    t: Type.Integer({ description: 'source time, microseconds UTC' }),
    value: Type.Union([Type.Number(), Type.Null()]),
    unit: Type.String(),
    /** What the processor makes of it, before any alarm life cycle. */
    verdict: Type.Union([Type.Literal('normal'), Severity, Type.Literal('not-known')]),
    limits: Type.Optional(
      Type.Object({ warning: Type.Optional(Type.Number()), alarm: Type.Optional(Type.Number()) }),
    ),
    reason: Type.String({ description: 'one sentence for a person' }),
    details: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()])),
    ),
    evidence: Type.Array(Evidence),
  },
  { $id: 'signal-v1', title: 'Signal v1' },
)
export type Signal = Static<typeof Signal>

/** Current state of one alarm (topic `alarms`, compacted by id) and, one record a change, its history (`alarm-events`). */
export const Alarm = Type.Object(
  {
    v: Type.Literal(1),
    id: Type.String({ description: 'hash of asset, signal and the first evidence' }),
    asset: Type.String(),
    signal: Type.String(),
    state: Type.Union([Type.Literal('open'), Type.Literal('cleared')]),
    severity: Severity,
    since: Type.Integer({ description: 'source time at which it opened, microseconds UTC' }),
    t: Type.Integer({ description: 'source time of this change' }),
    value: Type.Union([Type.Number(), Type.Null()]),
    unit: Type.String(),
    reason: Type.String(),
    evidence: Type.Array(Evidence),
  },
  { $id: 'alarm-v1', title: 'Alarm v1' },
)
export type Alarm = Static<typeof Alarm>

/** Between the sequence numbers `from` and `to`, both among them, so many records of one class are missing in Kafka. */
const DroppedRecords = Type.Object({
  class: Type.Union([Type.Literal('telemetry'), Type.Literal('waveform')]),
  epoch: Type.Integer(),
  from: Type.Integer(),
  to: Type.Integer(),
  records: Type.Integer(),
  samples: Type.Integer({ description: 'that these records held' }),
})

/**
 * What one server has done for one source so far; topic `ledger`, compacted by `source/server`. Counts are of samples
 * (a waveform's block is one) and never fall within an epoch; those of a source are the sum over its servers. Its state
 * is told by the entry with the highest term. Once nothing waits on disk, Kafka holds `received` less what was `dropped`
 * and `superseded`; and where `expected` is a number and no cause of loss is unknown, what was received and not
 * dropped, and the sum of `lostKnown`, make `expected`.
 */
export const LedgerEntry = Type.Object(
  {
    v: Type.Literal(1),
    source: Type.String(),
    connector: Type.String(),
    assets: Type.Array(Type.String()),
    server: Type.Optional(Type.String({ description: 'the server that has read it' })),
    term: Type.Optional(
      Type.Integer({
        description: 'counts the owners of the source: the entry with the highest is of the present one',
      }),
    ),
    at: Type.Integer({ description: 'time of this entry at the service, microseconds UTC' }),
    state: Type.Union(
      [
        Type.Literal('connecting'),
        Type.Literal('connected'),
        Type.Literal('degraded'),
        Type.Literal('disconnected'),
        Type.Literal('stopped'),
      ],
      { description: 'degraded: connected, and a tag is bad or the disk buffer is full' },
    ),
    reason: Type.Optional(
      Type.String({ description: 'why it is not connected or degraded, and what to do' }),
    ),
    badTags: Type.Array(Type.Object({ asset: Type.String(), tag: Type.String(), reason: Type.String() })),
    epoch: Type.Integer(),
    seq: Type.Integer({ description: 'last sequence number given to a record' }),
    position: Type.Integer({ description: 'last sequence number that is in Kafka' }),
    samplesPerSecond: Type.Number(),
    expected: Type.Optional(
      Type.Union([Type.Integer(), Type.Literal('unknown')], {
        description:
          "samples that were due by the protocol's numbers or the schedule; unknown where neither tells",
      }),
    ),
    received: Type.Integer({
      description:
        'samples taken from the device and stored; without those dropped again, all of them reach Kafka',
    }),
    bad: Type.Integer({ description: 'received with a bad status' }),
    /** Samples lost, by cause; "unknown" where at least a part of them cannot be counted. */
    lost: Type.Object({
      queueOverflow: Type.Union([Type.Integer(), Type.Literal('unknown')]),
      revisedInterval: Type.Optional(Type.Union([Type.Integer(), Type.Literal('unknown')])),
      missedScan: Type.Optional(Type.Union([Type.Integer(), Type.Literal('unknown')])),
      outage: Type.Union([Type.Integer(), Type.Literal('unknown')]),
      unusable: Type.Optional(Type.Union([Type.Integer(), Type.Literal('unknown')])),
      superseded: Type.Optional(
        Type.Integer({
          description:
            'read by two servers while one had lost touch with the others: kept once, lost nothing',
        }),
      ),
      bufferFull: Type.Integer({ description: 'dropped, the disk buffer being full, or never taken' }),
    }),
    lostKnown: Type.Optional(
      Type.Record(Type.String(), Type.Integer(), {
        description: 'samples known to be lost, by cause',
      }),
    ),
    lostUnknown: Type.Optional(
      Type.Array(Type.String(), {
        description: 'causes of which an unknown number more is lost than `lostKnown` says',
      }),
    ),
    dropped: Type.Optional(
      Type.Object(
        {
          telemetry: Type.Integer({ description: 'samples of class telemetry' }),
          waveform: Type.Integer({ description: 'blocks of class waveform' }),
          ranges: Type.Array(DroppedRecords, { description: 'oldest first' }),
        },
        { description: 'received, and dropped from the full disk buffer before they were sent' },
      ),
    ),
    /** Intervals the device revised: what was asked for and what it gave, ms. */
    revised: Type.Array(
      Type.Object({
        asset: Type.String(),
        tag: Type.String(),
        requestedMs: Type.Number(),
        revisedMs: Type.Number(),
      }),
    ),
    clock: Type.Optional(
      Type.Object(
        { offsetMs: Type.Number(), uncertaintyMs: Type.Number() },
        { description: "how far the device's clock is ahead of the server's, where the protocol tells it" },
      ),
    ),
    buffered: Type.Integer({ description: 'records waiting on disk' }),
    bufferedBytes: Type.Optional(Type.Integer({ description: 'their size' })),
    bufferBytes: Type.Optional(Type.Integer({ description: 'the bound of that size' })),
  },
  { $id: 'ledger-v1', title: 'Ledger entry v1' },
)
export type LedgerEntry = Static<typeof LedgerEntry>
