import { machineText, type WritableAsset, type WritableMachine, type WritableTag } from './machine-text.ts'
import type { AssetSpec, Plant, SourceSpec } from './plant.ts'

/** The sources as the plant runs them: templates and tables expanded, every default filled in. Each is a machine's file. */
export function expandedSources(plant: Plant): WritableMachine[] {
  return plant.sources.map(source => expandedSource(source, plant.assets))
}

/** The same as YAML for a person, one document a source. */
export function renderExpanded(plant: Plant): string {
  return expandedSources(plant)
    .map(source => machineText(source))
    .join('---\n')
}

function expandedSource(source: SourceSpec, all: readonly AssetSpec[]): WritableMachine {
  const { name, connector, options } = source
  const own = all.filter(asset => asset.source === name)
  return { source: name, connector, options, assets: own.map(asset => expandedAsset(asset, source)) }
}

function expandedAsset(asset: AssetSpec, { tags }: SourceSpec): WritableAsset {
  const { id, name, description, class: assetClass, signals } = asset
  const entries = tags.filter(({ tag }) => tag.asset === id).map(expandedTag)
  return {
    id,
    name,
    ...(description !== undefined && { description }),
    ...(assetClass !== undefined && { class: assetClass }),
    tags: entries,
    signals,
  }
}

function expandedTag({ tag, address }: SourceSpec['tags'][number]): WritableTag {
  const { asset: _, name, ...rest } = tag
  return { name, ...address, ...rest }
}
