import { MillraceError, type Tag, type TagClass } from '../model/index.ts'
import type { ProcessorAsset } from './contract.ts'

/**
 * The asset's tag of that name and class.
 * @throws MillraceError `config-invalid` that names the asset, the signal and the tags there are
 */
export function tagOf(asset: ProcessorAsset, signal: string, name: string, tagClass: TagClass): Tag {
  const found = asset.tags.find(tag => tag.name === name && tag.class === tagClass)
  if (found) return found
  const names = asset.tags.filter(tag => tag.class === tagClass).map(tag => tag.name)
  throw new MillraceError('config-invalid', `${asset.id}, signal ${signal}: no ${tagClass} tag "${name}"`, {
    hint: names.length > 0 ? `Its ${tagClass} tags are ${names.join(', ')}` : `It has no ${tagClass} tag`,
  })
}
