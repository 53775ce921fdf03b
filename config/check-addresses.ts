import type { ConnectorKind, Report, Source } from '../connectors/contract.ts'
import { coded } from '../model/index.ts'
import type { Kinds } from './kinds.ts'
import type { PlantProblem } from './problem.ts'
import { below, type Found, type IsSound, select, textsBelow } from './select.ts'
import { addressOf, type TagEntry, tagOf } from './tag.ts'
import type { YamlFile } from './yaml.ts'

/**
 * Asks the file's connector what it makes of its options and addresses. `ConnectorKind.open` opens no socket, touches
 * no disk, and tells of one mistake at a time.
 */
export function checkAddresses(file: YamlFile, kinds: Kinds, isSound: IsSound): PlantProblem[] {
  const connector = select(file, 'connector')[0]?.value
  const options = select(file, 'options')[0]
  if (typeof connector !== 'string' || !Object.hasOwn(kinds.connectors, connector)) return []
  if (options === undefined || !isSound(options)) return []
  const kind = kinds.connectors[connector]!
  const name = select(file, 'source')[0]?.value
  const open: Open = tags => opening(kind, name, options.value, tags)
  const tags = select(file, 'assets', '*').flatMap(asset => soundTags(asset, isSound))
  const refused = refusals(tags, open)
  const ofTags = refused.map(({ tag, message }) => file.problem(addressPath(kind, tag.found), message))
  const rest = open(tags.filter(tag => !refused.some(refusal => refusal.tag === tag)))
  return rest === undefined ? ofTags : [file.problem(options.path, rest, { at: 'key' }), ...ofTags]
}

type Open = (tags: readonly LocatedTag[]) => string | undefined
type Refusal = { readonly tag: LocatedTag; readonly message: string }

/**
 * Each tag that is refused among all that are good. A tag may name another one of its source, and then is refused when
 * alone; so whatever is refused alone is tried again beside the good ones, until no more turn out good.
 */
function refusals(tags: readonly LocatedTag[], open: Open): Refusal[] {
  if (open([]) !== undefined || open(tags) === undefined) return []
  const good = tags.filter(tag => open([tag]) === undefined)
  let suspects = tags.filter(tag => !good.includes(tag))
  for (;;) {
    const cleared = suspects.filter(tag => open([...good, tag]) === undefined)
    if (cleared.length === 0) break
    good.push(...cleared)
    suspects = suspects.filter(tag => !cleared.includes(tag))
  }
  return suspects.map(tag => ({ tag, message: open([...good, tag]) ?? '' }))
}

type LocatedTag = { readonly found: Found; readonly asset: string }

function soundTags(asset: Found, isSound: IsSound): LocatedTag[] {
  const id = textsBelow(asset, 'id')[0]?.value
  if (id === undefined) return []
  return below(asset, 'tags', '*')
    .filter(isSound)
    .map(found => ({ found, asset: id }))
}

/** What the connector has against these tags, if anything. */
function opening(
  kind: ConnectorKind,
  name: unknown,
  options: unknown,
  tags: readonly LocatedTag[],
): string | undefined {
  const source = {
    name,
    options,
    tags: tags.map(({ found, asset }) => ({
      tag: tagOf(asset, found.value as TagEntry),
      address: addressOf(found.value as TagEntry),
    })),
    stateDir: '',
  }
  try {
    // The options and addresses have passed this kind's schemas; its type parameters are not known here.
    kind.open(source as unknown as Source<never, never>, nobody)
    return undefined
  } catch (error) {
    return coded(error, 'internal', `the connector "${kind.kind}" failed`).explanation
  }
}

const nobody: Report = { tag() {}, lost() {}, expected() {}, revised() {} }

/** The first address key of a tag, where the mistake most likely is. */
function addressPath(kind: ConnectorKind, { path, value }: Found): Found['path'] {
  const key = Object.keys(kind.address.properties).find(name => Object.hasOwn(value as object, name))
  return key === undefined ? path : [...path, key]
}
