import type { AssetId, Tag } from '../model/index.ts'
import { type MachineFile, tagProperties } from './schema.ts'

/** A tag as it stands in a machine's file: common keys and the connector's address keys side by side. */
export type TagEntry = MachineFile['assets'][number]['tags'][number]

const common = new Set(Object.keys(tagProperties))

export function tagOf(asset: AssetId, entry: TagEntry): Tag {
  const own = Object.entries(entry).filter(([key]) => common.has(key))
  return { asset, ...Object.fromEntries(own) } as Tag
}

export function addressOf(entry: TagEntry): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !common.has(key)))
}
