import { createHash } from 'node:crypto'

/** A variable that was found, with the browse names that lead to it. */
export type Named = { readonly nodeId: string; readonly path: readonly string[] }

/**
 * A tag name for each: the followed tag's own name, then the path, in lower case letters, digits and dashes. Where two
 * come out the same, or as a name that is taken, both carry a piece of a hash of their node id, so that a name does not
 * hang on the order in which they were found.
 */
export function tagNames(
  prefix: string,
  found: readonly Named[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const plain = found.map(({ path }) => [prefix, ...path.map(segment)].filter(Boolean).join('-'))
  const count = new Map<string, number>()
  for (const name of plain) count.set(name, (count.get(name) ?? 0) + 1)
  const nameOf = ({ nodeId }: Named, i: number): string => {
    const name = plain[i]!
    const isOwn = count.get(name) === 1 && !taken.has(name)
    return isOwn ? name : `${name}-${createHash('sha256').update(nodeId).digest('hex').slice(0, 6)}`
  }
  return new Map(found.map((each, i) => [each.nodeId, nameOf(each, i)]))
}

/** `OilTemperature_2` becomes `oil-temperature-2`. */
function segment(browseName: string): string {
  return browseName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
}
