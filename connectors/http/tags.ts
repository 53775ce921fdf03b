import { type AssetId, MillraceError, segmentPattern, type Tag } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import type { Source } from '../contract.ts'
import type { Options, TagAddress } from './options.ts'

export type Unknown = { readonly wrong: string; readonly hint: string }

const namePattern = new RegExp(`^${segmentPattern}$`)
const mostCharacters = 100

/** Undeclared tags of one request, by asset and name: kept once its samples are stored. */
export type Fresh = Map<string, Tag>

/** The tags that can be posted to, by asset and by what senders call them. */
export class TagBook {
  readonly #assets = new Map<AssetId, Map<string, Tag>>()
  readonly #mayAdd: boolean
  #room: number

  constructor({ tags, options }: Pick<Source<Options, TagAddress>, 'tags' | 'options'>) {
    this.#mayAdd = options.unknownTags === 'accept'
    this.#room = options.maxUnknownTags
    for (const { tag, address } of tags) {
      const ofAsset = this.#assets.get(tag.asset) ?? new Map<string, Tag>()
      this.#assets.set(tag.asset, ofAsset.set(address.postedAs ?? tag.name, tag))
    }
  }

  get assets(): AssetId[] {
    return [...this.#assets.keys()]
  }

  unknownAsset(asset: string): Unknown | undefined {
    if (this.#assets.has(asset)) return undefined
    const meant = suggestion(asset, this.#assets.keys())
    return {
      wrong: `there is no asset "${asset.slice(0, 200)}" here`,
      hint:
        meant === undefined
          ? `It is one of ${this.assets.slice(0, 10).join(', ')}`
          : `Did you mean "${meant}"?`,
    }
  }

  /** The tag that senders call so; where they are accepted, an undeclared one is put into `fresh`. */
  find(asset: AssetId, name: string, fresh: Fresh): Tag | Unknown {
    const ofAsset = this.#assets.get(asset)
    if (ofAsset === undefined) return this.unknownAsset(asset)!
    const tag = ofAsset.get(name)
    if (tag !== undefined) return tag
    if (this.#mayAdd) return this.#undeclared(asset, name, fresh)
    const meant = suggestion(name, ofAsset.keys())
    return {
      wrong: `${asset} has no tag "${name.slice(0, mostCharacters)}"`,
      hint:
        meant === undefined
          ? `Its tags are ${[...ofAsset.keys()].slice(0, 10).join(', ')}`
          : `Did you mean "${meant}"?`,
    }
  }

  /** What was refused takes no room: called when the samples are stored. */
  keep(fresh: Fresh): void {
    for (const tag of fresh.values()) {
      const ofAsset = this.#assets.get(tag.asset)!
      if (ofAsset.has(tag.name)) continue
      ofAsset.set(tag.name, tag)
      this.#room--
    }
  }

  #undeclared(asset: AssetId, name: string, fresh: Fresh): Tag | Unknown {
    const known = fresh.get(`${asset}/${name}`)
    if (known !== undefined) return known
    if (name.length > mostCharacters || !namePattern.test(name)) {
      const wrong = `"${name.slice(0, mostCharacters)}" is no name of a tag`
      return { wrong, hint: 'Use lower case letters, digits and single dashes' }
    }
    if (fresh.size >= this.#room) {
      return {
        wrong: `"${name}" is one undeclared tag too many`,
        hint: 'Declare the tags, or raise maxUnknownTags',
      }
    }
    const tag: Tag = { asset, name, class: 'telemetry' }
    fresh.set(`${asset}/${name}`, tag)
    return tag
  }
}

/** Letters compared with letters for one suggestion: a request of hostile names is not to hold up the others. */
const mostCompared = 200_000

function suggestion(written: string, candidates: Iterable<string>): string | undefined {
  const some = Math.ceil(mostCompared / (1 + written.length ** 2))
  return nearest(written, [...candidates].slice(0, some))
}

/**
 * Two tags that senders would call the same cannot be told apart.
 * @throws MillraceError `config-invalid` naming the tag
 */
export function checkNames({ tags }: Pick<Source<Options, TagAddress>, 'tags'>): void {
  const seen = new Set<string>()
  for (const { tag, address } of tags) {
    const called = `${tag.asset}/${address.postedAs ?? tag.name}`
    if (seen.has(called)) {
      throw new MillraceError(
        'config-invalid',
        `${tag.asset}/${tag.name}: another tag is posted as ${called}`,
        {
          hint: 'Give it another postedAs',
        },
      )
    }
    seen.add(called)
  }
}
