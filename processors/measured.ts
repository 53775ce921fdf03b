/** A stream of numbers that quality is judged on: a feature of the asset's parts, or a tag. */
import { type Static, Type } from 'typebox'
import { type Evidence, type Micros, MillraceError, type ProcessorEvent, type Tag } from '../model/index.ts'
import { tagOf } from './asset-tag.ts'
import type { ProcessorAsset } from './contract.ts'
import { numberOf, readingsOf } from './readings.ts'

/** The options that say which numbers. */
export const measuredOptions = {
  parts: Type.Optional(
    Type.String({ description: 'The name of the `parts` processor above whose parts are judged.' }),
  ),
  feature: Type.Optional(Type.String({ description: 'The feature of those parts.' })),
  tag: Type.Optional(
    Type.String({ description: 'Or a telemetry tag: each of its samples is one measurement.' }),
  ),
}
const Options = Type.Object(measuredOptions)
type Options = Static<typeof Options> & { readonly name: string }

/** One measurement: its number, or one sentence why it is not known. */
export type Measured = {
  readonly t: Micros
  readonly value: number | string
  readonly unit: string
  readonly evidence: readonly Evidence[]
}

/**
 * Gives the measurements in an event, in the order of their time.
 * @throws MillraceError `config-invalid`
 */
export function measuring(
  asset: ProcessorAsset,
  options: Options,
): { readonly what: string; of(event: ProcessorEvent): Measured[] } {
  const { parts, feature, tag } = options
  if (tag !== undefined && parts === undefined && feature === undefined) {
    const watched = tagOf(asset, options.name, tag, 'telemetry')
    return { what: tag, of: event => ofTag(event, watched) }
  }
  if (tag !== undefined || parts === undefined || feature === undefined) {
    throw new MillraceError(
      'config-invalid',
      `${asset.id}, signal ${options.name}: it is not said what is measured`,
      {
        hint: 'Give `parts` and `feature`, or else `tag`',
      },
    )
  }
  return { what: feature, of: event => ofPart(event, parts, feature) }
}

function ofTag(event: ProcessorEvent, tag: Tag): Measured[] {
  if (event.kind !== 'telemetry') return []
  const { source, epoch, seq } = event.record
  const evidence = [{ source, epoch, from: seq, to: seq }]
  return readingsOf(event.record, tag.name).map(reading => ({
    t: reading.t,
    value: numberOf(reading, tag),
    unit: tag.unit ?? '',
    evidence,
  }))
}

function ofPart(event: ProcessorEvent, parts: string, name: string): Measured[] {
  if (event.kind !== 'part' || event.part.parts !== parts || !event.part.final) return []
  const { end, t, evidence, features } = event.part
  const feature = Object.hasOwn(features, name) ? features[name] : undefined
  if (feature === undefined) return [{ t, value: `the parts have no feature "${name}"`, unit: '', evidence }]
  const value = feature.value ?? `${name} is not known: ${feature.reason}`
  return [{ t: end ?? t, value, unit: feature.unit, evidence }]
}
