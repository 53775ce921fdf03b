import { type AssetId, parseAssetId, type Tag } from '../model/index.ts'

/** What the board must know of the plant's folder. The loaded plant of `config/` fits as it is. */
export type BoardPlant = {
  readonly name: string
  readonly title: string
  readonly sources: readonly { readonly name: string; readonly connector: string }[]
  readonly assets: readonly BoardAsset[]
}

export type BoardAsset = {
  readonly id: AssetId
  readonly name: string
  readonly description?: string
  readonly source: string
  readonly tags: readonly Tag[]
  readonly signals: readonly BoardSignal[]
}

/** A declared signal; the board reads `tag`, `warning` and `alarm` of it where they are there. */
export type BoardSignal = {
  readonly processor: string
  readonly name: string
  readonly [option: string]: unknown
}

/** Bounds in the tag's unit. */
export type Bounds = { above?: number; below?: number }
export type TagLimits = { warning?: Bounds; alarm?: Bounds }

/** One line on a machine's card: a tag with the signals judging it, or a signal that no shown tag carries. */
export type CardRow =
  | { kind: 'tag'; name: string; unit: string; limits: TagLimits; signals: string[] }
  | { kind: 'signal'; name: string; unit: string }

/** An asset as the page needs it: declared facts only. */
export type CardAsset = {
  id: AssetId
  name: string
  description: string
  area: string
  line: string
  source: string
  rows: CardRow[]
}

const tagsOnCard = 4

export function cardOf(asset: BoardAsset): CardAsset {
  const { area, line } = parseAssetId(asset.id)
  const signals = asset.signals.filter(signal => !telemetryTag(asset, signal))
  return {
    id: asset.id,
    name: asset.name,
    description: asset.description ?? '',
    area,
    line,
    source: asset.source,
    rows: [
      ...signals.map(({ name }): CardRow => ({ kind: 'signal', name, unit: '' })),
      ...keyTags(asset).map((tag): CardRow => tagRow(asset, tag)),
    ],
  }
}

function tagRow(asset: BoardAsset, tag: Tag): CardRow {
  return {
    kind: 'tag',
    name: tag.name,
    unit: tag.unit ?? '',
    limits: limitsOf(asset, tag.name),
    signals: signalsOf(asset, tag.name).map(signal => signal.name),
  }
}

/** The tags worth a place on a card: those that a signal judges first, then in the order of declaration. */
export function keyTags(asset: BoardAsset): Tag[] {
  const scalars = asset.tags.filter(tag => tag.class === 'telemetry')
  const judged = scalars.filter(tag => signalsOf(asset, tag.name).length > 0)
  const others = scalars.filter(tag => !judged.includes(tag))
  return [...judged, ...others].slice(0, Math.max(tagsOnCard, judged.length))
}

/** The limits declared for a tag by any of its signals; charts draw them. */
export function limitsOf(asset: BoardAsset, tag: string): TagLimits {
  const limits: TagLimits = {}
  for (const signal of signalsOf(asset, tag)) {
    for (const severity of ['warning', 'alarm'] as const) {
      const bounds = boundsOf(signal[severity])
      if (bounds) limits[severity] = { ...limits[severity], ...bounds }
    }
  }
  return limits
}

function signalsOf(asset: BoardAsset, tag: string): BoardSignal[] {
  return asset.signals.filter(signal => signal.tag === tag)
}

function telemetryTag(asset: BoardAsset, signal: BoardSignal): boolean {
  return asset.tags.some(tag => tag.name === signal.tag && tag.class === 'telemetry')
}

function boundsOf(option: unknown): Bounds | undefined {
  if (typeof option !== 'object' || option === null) return undefined
  const { above, below } = option as { above?: unknown; below?: unknown }
  const bounds: Bounds = {}
  if (typeof above === 'number') bounds.above = above
  if (typeof below === 'number') bounds.below = below
  return bounds.above === undefined && bounds.below === undefined ? undefined : bounds
}
