import { createHash } from 'node:crypto'
import type { PlantFolder } from './folder.ts'
import type { AssetSpec, Plant, SourceSpec } from './plant.ts'
import type { MachineFile, PlantFile } from './schema.ts'
import { addressOf, tagOf } from './tag.ts'

/** The loaded plant of a folder that has passed its whole check. */
export function assemble({ dir, machines, files: bytes }: PlantFolder, plantFile: PlantFile): Plant {
  const { plant: name, title, ...declared } = plantFile
  const sources = machines.map(({ value }) => value as MachineFile)
  return {
    ...declared,
    dir,
    hash: hashOf(bytes),
    name,
    title: title ?? name,
    sources: sources.map(sourceOf),
    assets: sources.flatMap(assetsOf),
  } as Plant
}

function sourceOf({ source, connector, maxSessions, options, buffer, assets }: MachineFile): SourceSpec {
  return {
    name: source,
    connector,
    maxSessions,
    options,
    buffer,
    assets: assets.map(({ id }) => id),
    tags: assets.flatMap(({ id, tags }) =>
      tags.map(entry => ({ tag: tagOf(id, entry), address: addressOf(entry) })),
    ),
  }
}

function assetsOf({ source, assets }: MachineFile): AssetSpec[] {
  return assets.map(({ tags, template, with: _with, table: _table, ...asset }) => ({
    ...(template !== undefined && { class: template }),
    ...asset,
    source,
    tags: tags.map(entry => tagOf(asset.id, entry)),
  }))
}

/** Names and lengths are hashed too, so that no two folders with other files have one hash. */
export function hashOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const [name, bytes] of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes)
  return hash.digest('hex')
}
