import { type Static, Type } from 'typebox'
import { Evidence } from './telemetry.ts'

export const PartVerdict = Type.Union([
  Type.Literal('ok'),
  Type.Literal('rework'),
  Type.Literal('scrap'),
  Type.Literal('not-known'),
])
export type PartVerdict = Static<typeof PartVerdict>

const FeatureLimits = Type.Object({
  above: Type.Optional(Type.Number()),
  below: Type.Optional(Type.Number()),
})

/** One number of a part. `value` null means "not known", and `reason` says why. */
export const PartFeature = Type.Object({
  value: Type.Union([Type.Number(), Type.Null()]),
  unit: Type.String(),
  verdict: PartVerdict,
  rework: Type.Optional(FeatureLimits),
  scrap: Type.Optional(FeatureLimits),
  reason: Type.Optional(Type.String({ description: 'why it is not known' })),
})
export type PartFeature = Static<typeof PartFeature>

/**
 * One produced part, or one cycle of a machine (topic `parts`). The id is the same in every revision: a part that is
 * surely scrap while it is still made has a first record with `final` false, and another one when its cycle has ended.
 */
export const Part = Type.Object(
  {
    v: Type.Literal(1),
    id: Type.String({ description: 'hash of asset, the name declared in the plant folder, and the start' }),
    asset: Type.String(),
    parts: Type.String({ description: 'the name declared in the plant folder' }),
    part: Type.Union([Type.String(), Type.Null()], {
      description: "the machine's own id or number of the part, where it tells one",
    }),
    start: Type.Integer({ description: 'source time at which its cycle began, microseconds UTC' }),
    end: Type.Union([Type.Integer(), Type.Null()], {
      description: 'first microsecond after the cycle; null while it lasts',
    }),
    t: Type.Integer({ description: 'source time of what the verdict stands on last' }),
    revision: Type.Integer({ minimum: 0, description: 'the highest of an id counts' }),
    final: Type.Boolean({ description: 'the cycle has ended' }),
    verdict: PartVerdict,
    reason: Type.String({ description: 'one sentence for a person' }),
    features: Type.Record(Type.String(), PartFeature),
    late: Type.Integer({
      minimum: 0,
      description: 'samples since the part before that came too late to be part of any',
    }),
    evidence: Type.Array(Evidence),
  },
  { $id: 'part-v1', title: 'Part v1' },
)
export type Part = Static<typeof Part>
