import { assetPattern, MillraceError, segmentPattern, type Tag } from '../../model/index.ts'
import type { Options } from './options.ts'
import { slug } from './pattern.ts'

const asset = new RegExp(assetPattern)
const segment = new RegExp(`^${segmentPattern}$`)

/** Where a made tag comes from: what it is called there, and what it is given besides its name. */
export type Origin = { readonly from: string } & Pick<Tag, 'class' | 'unit' | 'sampleRateHz'>

/**
 * The tags of one source that nobody declared one by one: made when they are first seen, one object for each for as long
 * as the connector lives, never of another site than the declared ones, never two origins in one tag.
 */
export class Registry {
  readonly #made = new Map<string, { readonly tag: Tag; readonly from: string }>()
  readonly #declared: ReadonlySet<string>
  readonly #site: string | undefined
  readonly #options: Pick<Options, 'maxTags' | 'names'>

  constructor(declared: readonly Tag[], options: Pick<Options, 'maxTags' | 'names'>) {
    this.#declared = new Set(declared.map(tag => `${tag.asset}/${tag.name}`))
    this.#site = declared[0]?.asset.split('/', 1)[0]
    this.#options = options
  }

  /** A name from outside as a part of an id. */
  spelt(name: string): string {
    return this.#options.names === 'slug' ? slug(name) : name
  }

  /** @throws MillraceError `bad-address`, telling what does not fit */
  tag(id: string, name: string, { from, ...given }: Origin): Tag {
    const key = `${id}/${name}`
    const known = this.#made.get(key)
    if (known?.from === from) return known.tag
    const wrong = known ? `${from} and ${known.from} would both be ${key}` : this.#misfit(id, name, key)
    if (wrong !== undefined) {
      throw new MillraceError('bad-address', `${from}: ${wrong}`, {
        hint: 'Change the asset or tag template of the subscription, `names`, or what is published',
      })
    }
    const tag: Tag = { asset: id, name, ...given }
    this.#made.set(key, { tag, from })
    return tag
  }

  #misfit(id: string, name: string, key: string): string | undefined {
    if (!asset.test(id)) return `"${id}" is not an asset id (site/area/line/asset)`
    if (this.#site !== undefined && !id.startsWith(`${this.#site}/`))
      return `${id} is not in the site ${this.#site}`
    if (!segment.test(name)) return `"${name}" is not a tag name`
    if (this.#declared.has(key)) return `${key} is declared with an address of its own`
    if (this.#made.size >= this.#options.maxTags) return `${this.#made.size} tags were made already (maxTags)`
    return undefined
  }
}
