/** Machine files out of what a device or another tool lists, so that nobody has to type them. */
import { MillraceError, parseAssetId, segmentOf } from '../model/index.ts'
import type { WritableAsset, WritableTag } from './machine-text.ts'

export type DraftTag = {
  readonly path: readonly string[]
  /** Where the list says whose it is. */
  readonly asset?: string
  readonly entry: Readonly<Record<string, unknown>>
}

/** `asset`: where the list does not say, tags are this one's. `line`: each group of the tags' paths is an asset of that line. */
export type Placing = { readonly asset?: string | undefined; readonly line?: string | undefined }

/** An asset, and what its tags are made from, in their order. */
export type Drafted<T> = { readonly asset: WritableAsset; readonly from: readonly T[] }

/**
 * The assets and tags, with names that are unique: as much of the path as it takes, from its end.
 * @throws MillraceError `config-invalid` when nothing says whose the tags are, or an id is none
 */
export function draftAssets<T extends DraftTag>(tags: readonly T[], placing: Placing): Drafted<T>[] {
  const shared = sharedGroups(tags)
  const byAsset = Map.groupBy(tags, tag => placed(tag, placing, shared))
  return [...byAsset].map(([id, own]) => {
    parseAssetId(id)
    const names = uniqueNames(own.map(({ path }) => path))
    const entries = own.map(({ entry }, i): WritableTag => ({ name: names[i]!, ...entry }))
    const name = titleOf(own[0]!, placing, shared) ?? id.slice(id.lastIndexOf('/') + 1)
    return { asset: { id, name, tags: entries }, from: own }
  })
}

function placed({ asset, path }: DraftTag, placing: Placing, shared: number): string {
  const id = asset ?? placing.asset
  if (id !== undefined) return id
  if (placing.line === undefined) {
    throw new MillraceError('config-invalid', `nothing says whose tag "${path.join('.')}" is`, {
      hint: 'Give --asset site/area/line/asset, or --line site/area/line to make an asset of each group',
    })
  }
  const own = path.slice(shared, -1).map(segmentOf).filter(Boolean).join('-')
  return `${placing.line}/${own || 'machine'}`
}

/** The group as the list names it. */
function titleOf({ path, asset: own }: DraftTag, { asset, line }: Placing, shared: number) {
  return own === undefined && asset === undefined && line !== undefined
    ? path.slice(shared, -1).join(' ') || undefined
    : undefined
}

/** How many outer groups all tags have in common, and so need no name. */
function sharedGroups(tags: readonly DraftTag[]): number {
  const [first, ...rest] = tags.map(({ path }) => path.slice(0, -1))
  if (first === undefined) return 0
  const differs = first.findIndex((group, i) => rest.some(path => path[i] !== group))
  const shared = differs < 0 ? first.length : differs
  // Where all tags are in one group, that group is their machine.
  return shared === first.length && rest.every(path => path.length === shared)
    ? Math.max(shared - 1, 0)
    : shared
}

/** Names for paths that are tags of one asset. Equal paths are told apart by a number. */
export function uniqueNames(paths: readonly (readonly string[])[]): string[] {
  const nameOf = (path: readonly string[], parts: number) =>
    segmentOf(path.slice(-parts).join('-')) || 'unnamed'
  const parts = paths.map(() => 1)
  const deepest = Math.max(1, ...paths.map(({ length }) => length))
  for (let depth = 1; depth < deepest; depth++) {
    const counts = countsOf(paths.map((path, i) => nameOf(path, parts[i]!)))
    for (const [i, path] of paths.entries())
      if (counts.get(nameOf(path, parts[i]!))! > 1) parts[i] = depth + 1
  }
  const taken = new Set<string>()
  return paths.map((path, i) => {
    const name = nameOf(path, parts[i]!)
    let unique = name
    for (let number = 2; taken.has(unique); number++) unique = `${name}-${number}`
    taken.add(unique)
    return unique
  })
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
