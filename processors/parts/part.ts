import { createHash } from 'node:crypto'
import type { Part, PartFeature } from '../../model/index.ts'
import type { Setting } from './cycle.ts'
import { judged, type Look, surelyScrap, unitOf, verdictOf } from './judge.ts'
import type { Feature } from './options.ts'
import { reasonOf } from './reason.ts'

/** The part as it stands: with all its features when its cycle has ended, before that with those that make it scrap. */
export function partOf(look: Look, setting: Setting, late: number): Part {
  const { cycle, t, ended } = look
  const { asset, options } = setting
  const features = Object.fromEntries(featuresOf(look, setting))
  const verdict = verdictOf(features, cycle.doubt)
  return {
    v: 1,
    id: idOf(asset, options.name, cycle.start),
    asset,
    parts: options.name,
    part: cycle.part,
    start: cycle.start,
    end: ended ? t : null,
    t,
    revision: cycle.revisions,
    final: ended,
    verdict,
    reason: reasonOf(verdict, features, cycle.doubt, ended),
    features,
    late,
    evidence: structuredClone(cycle.evidence),
  }
}

function featuresOf(look: Look, { options, tags }: Setting): [string, PartFeature][] {
  const at = (feature: Feature) => tags.findIndex(({ name }) => name === feature.tag)
  return options.features
    .filter(feature => look.ended || surelyScrap(feature, at(feature), look) !== undefined)
    .map(feature => [feature.name, judged(feature, at(feature), look, unitOf(feature, tags[at(feature)]))])
}

/** A hash of its inputs: the same records give the same part in every replay. */
function idOf(asset: string, name: string, start: number): string {
  const inputs = JSON.stringify([asset, name, start])
  return createHash('sha256').update(inputs).digest('hex').slice(0, 32)
}
