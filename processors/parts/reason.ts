import type { PartFeature, PartVerdict } from '../../model/index.ts'

type Features = Readonly<Record<string, PartFeature>>

/** One sentence why a part has its verdict; the features that made it are named with their limits. */
export function reasonOf(
  verdict: PartVerdict,
  features: Features,
  doubt: string | null,
  ended: boolean,
): string {
  const of = (wanted: PartVerdict) => Object.entries(features).filter(([, { verdict: is }]) => is === wanted)
  const beyond = () =>
    of(verdict)
      .map(([name, feature]) => beyondLimit(name, feature, verdict))
      .join('; ')
  switch (verdict) {
    case 'ok':
      return `All of ${Object.keys(features).join(', ')} within limits`
    case 'not-known':
      return doubt ?? unknown(of('not-known'))
    default:
      return [
        beyond(),
        ...(ended ? [] : ['told before its cycle has ended']),
        ...(doubt ? [doubt] : []),
      ].join('; ')
  }
}

function unknown(features: readonly (readonly [string, PartFeature])[]): string {
  return features
    .filter(([, { rework, scrap }]) => rework ?? scrap)
    .map(([name, { reason }]) => `${name} is not known: ${reason}`)
    .join('; ')
}

function beyondLimit(name: string, feature: PartFeature, verdict: PartVerdict): string {
  const { value, unit } = feature
  const { above, below } = (verdict === 'scrap' ? feature.scrap : feature.rework) ?? {}
  const isAbove = above !== undefined && value! > above
  const limit = isAbove ? above : below
  return `${name} is ${text(value!, unit)}, ${isAbove ? 'above' : 'below'} its ${verdict} limit of ${text(limit!, unit)}`
}

function text(value: number, unit: string): string {
  const number = String(Number(value.toPrecision(6)))
  return unit === '' ? number : `${number} ${unit}`
}
