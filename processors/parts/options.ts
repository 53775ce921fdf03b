import { type Static, Type } from 'typebox'
import { MillraceError } from '../../model/index.ts'
import type { ProcessorAsset } from '../contract.ts'

const limit = (verdict: string) =>
  Type.Optional(
    Type.Object(
      {
        above: Type.Optional(Type.Number({ description: 'When greater, in the unit of the feature.' })),
        below: Type.Optional(Type.Number({ description: 'When less, in the unit of the feature.' })),
      },
      { additionalProperties: false, description: `Beyond these the part is ${verdict}.` },
    ),
  )

const take = Type.Union(
  [
    Type.Literal('min'),
    Type.Literal('max'),
    Type.Literal('mean'),
    Type.Literal('std'),
    Type.Literal('slope'),
    Type.Literal('integral'),
    Type.Literal('at-start'),
    Type.Literal('at-end'),
    Type.Literal('duration'),
  ],
  {
    description:
      'What is taken of the tag over the cycle: min, max, mean, std of its samples; slope, per s, by least squares; integral over time (of a power it is the energy), straight between samples and held at both ends; its value at-start or at-end. `duration` needs no tag: s from start to end.',
  },
)

const Feature = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', description: 'Unique among its features.' }),
    tag: Type.Optional(Type.String({ description: 'The telemetry tag that is measured.' })),
    take,
    rework: limit('to be reworked'),
    scrap: limit('scrap'),
  },
  { additionalProperties: false },
)
export type Feature = Static<typeof Feature>
export type Limits = NonNullable<Feature['scrap']>

const cut = (description: string) =>
  Type.Object(
    {
      tag: Type.String({ description: 'The telemetry tag that is watched.' }),
      on: Type.Union(
        [
          Type.Literal('change'),
          Type.Literal('count'),
          Type.Literal('rising'),
          Type.Literal('falling'),
          Type.Literal('value'),
        ],
        {
          description:
            '`change` of the value, as of a part id; `count`: a counter goes up, by more than 1 where parts were missed; `rising` or `falling` through `level` (a boolean counts as 0 and 1); `value`: it becomes `value`.',
        },
      ),
      level: Type.Number({ default: 0.5, description: 'For rising and falling, in the unit of the tag.' }),
      value: Type.Optional(
        Type.Union([Type.Number(), Type.String(), Type.Boolean()], { description: 'For `value`.' }),
      ),
    },
    { additionalProperties: false, description },
  )

export const PartsOptions = Type.Object(
  {
    begin: cut('What begins a part, and ends the one before it.'),
    end: Type.Optional(cut('What ends a part; left out: the begin of the next one.')),
    partIdTag: Type.Optional(
      Type.String({
        description: "The tag with the part's id or number, as it stands when the part begins.",
      }),
    ),
    features: Type.Array(Feature, { minItems: 1, description: 'The numbers of a part, and their limits.' }),
    settleMs: Type.Integer({
      minimum: 0,
      default: 0,
      description:
        'How long samples wait for others of an earlier source time, ms of source time: as long as the tags of one machine may arrive apart, and shorter than a cycle.',
    }),
    maxAgeMs: Type.Integer({
      minimum: 1,
      default: 60_000,
      description: 'An at-start or at-end value that is older is not known, ms of source time.',
    }),
    maxGapMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'A longer gap between samples of a tag within the cycle makes its features not known; only for tags that are sampled whether they change or not.',
      }),
    ),
    scrapShare: Type.Object(
      {
        parts: Type.Integer({
          minimum: 1,
          maximum: 1_000,
          default: 50,
          description: 'Over as many last parts as are known.',
        }),
        warning: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'Above it, %.' })),
        alarm: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'Above it, %.' })),
      },
      {
        additionalProperties: false,
        default: {},
        description: 'The signal: the share of scrap, %. Without limits it is never an alarm.',
      },
    ),
  },
  { additionalProperties: false },
)
export type PartsOptions = Static<typeof PartsOptions>
export type Cut = PartsOptions['begin']

/** @throws MillraceError `config-invalid` */
export function refuseParts(asset: ProcessorAsset, options: PartsOptions & { readonly name: string }): void {
  const problem = problemOf(options)
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}, signal ${options.name}: ${problem}`, {
    hint: 'docs/reference/configuration.md describes the options of `parts`',
  })
}

function problemOf({ begin, end, features }: PartsOptions): string | undefined {
  const names = features.map(({ name }) => name)
  const double = names.find((name, at) => names.indexOf(name) < at)
  if (double !== undefined) return `"${double}" is the name of two features`
  for (const one of [begin, ...(end ? [end] : [])]) {
    if (one.on === 'value' && one.value === undefined) return `\`on: value\` of ${one.tag} needs a value`
  }
  return features.map(problemOfFeature).find(problem => problem !== undefined)
}

function problemOfFeature({ name, tag, take, rework, scrap }: Feature): string | undefined {
  if (take === 'duration' && tag !== undefined) return `the duration "${name}" has no tag`
  if (take !== 'duration' && tag === undefined) return `the feature "${name}" needs a tag`
  if (beyond(rework?.above, scrap?.above) || beyond(scrap?.below, rework?.below))
    return `"${name}" is scrap before it is to be reworked`
  if (beyond(scrap?.below, scrap?.above) || beyond(rework?.below, rework?.above))
    return `"${name}" has a lower limit above its upper limit`
  return undefined
}

const beyond = (low: number | undefined, high: number | undefined) =>
  low !== undefined && high !== undefined && low > high
