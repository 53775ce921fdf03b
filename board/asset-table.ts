import { type Aggregate, assetPattern } from '../model/index.ts'
import { type BoardAsset, type CardAsset, cardOf } from './plant.ts'

const assetId = new RegExp(assetPattern)

/**
 * The assets that are shown, with their cards: those declared, in their order, then those only heard of, in the order of
 * hearing. A connector may find tags and assets that no folder declares; whoever adds them bounds their number.
 */
export class AssetTable {
  readonly #assets: Map<string, BoardAsset>
  readonly #tags: Set<string>
  #cards: CardAsset[]
  #onCards = new Set<string>()

  constructor(declared: readonly BoardAsset[]) {
    this.#assets = new Map(declared.map(asset => [asset.id, asset]))
    this.#tags = new Set(declared.flatMap(({ id, tags }) => tags.map(tag => keyOf(id, tag.name))))
    this.#cards = declared.map(cardOf)
    this.#rememberCards()
  }

  get(id: string): BoardAsset | undefined {
    return this.#assets.get(id)
  }

  all(): Iterable<BoardAsset> {
    return this.#assets.values()
  }

  get cards(): CardAsset[] {
    return this.#cards
  }

  isOnCard(asset: string, tag: string): boolean {
    return this.#onCards.has(keyOf(asset, tag))
  }

  /** Adds the window's asset and tag where they are not known; tells whether the cards changed. */
  hear({ asset: id, tag, unit, evidence }: Aggregate): boolean {
    if (this.#tags.has(keyOf(id, tag)) || !assetId.test(id)) return false
    this.#tags.add(keyOf(id, tag))
    const known = this.#assets.get(id) ?? heardOf(id, evidence[0]?.source ?? '')
    const heard = { asset: id, name: tag, class: 'telemetry', ...(unit !== undefined && { unit }) } as const
    const asset = { ...known, tags: [...known.tags, heard] }
    this.#assets.set(id, asset)
    const at = this.#cards.findIndex(card => card.id === id)
    const card = cardOf(asset)
    if (at >= 0 && this.#cards[at]!.rows.length === card.rows.length) return false
    this.#cards = at < 0 ? [...this.#cards, card] : this.#cards.with(at, card)
    this.#rememberCards()
    return true
  }

  #rememberCards(): void {
    const keys = this.#cards.flatMap(({ id, rows }) =>
      rows.filter(row => row.kind === 'tag').map(row => keyOf(id, row.name)),
    )
    this.#onCards = new Set(keys)
  }
}

function keyOf(asset: string, tag: string): string {
  return `${asset} ${tag}`
}

function heardOf(id: string, source: string): BoardAsset {
  return { id, name: id.slice(id.lastIndexOf('/') + 1), source, tags: [], signals: [] }
}
