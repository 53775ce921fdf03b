import type { Part } from '../model/index.ts'

/** Of one asset; the page shows no more. */
const partsKept = 12

/** What the page tells of a part. */
export type ShownPart = Pick<Part, 'id' | 'part' | 't' | 'final' | 'verdict' | 'reason'>

/** The last parts of every asset. Reading a record again changes nothing: the highest revision of a part holds. */
export class PartTable {
  readonly #parts = new Map<string, Map<string, Part>>()

  apply(part: Part): void {
    const ofAsset = this.#parts.get(part.asset) ?? new Map<string, Part>()
    this.#parts.set(part.asset, ofAsset)
    const known = ofAsset.get(part.id)
    if (known && known.revision >= part.revision) return
    ofAsset.set(part.id, part)
    if (ofAsset.size <= partsKept) return
    const oldest = [...ofAsset.values()].reduce((a, b) => (b.start < a.start ? b : a))
    ofAsset.delete(oldest.id)
  }

  /** The newest first. */
  of(asset: string): ShownPart[] {
    return [...(this.#parts.get(asset)?.values() ?? [])]
      .sort((a, b) => b.start - a.start)
      .map(({ id, part, t, final, verdict, reason }) => ({ id, part, t, final, verdict, reason }))
  }
}
