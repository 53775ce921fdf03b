import type { TagClass } from '../../model/index.ts'

/** One tag of a list that another tool has written. */
export type ListedTag = {
  /** In the list's text, from 1. */
  readonly line: number
  /** Groups and name, from the outermost. */
  readonly path: readonly string[]
  /** `site/area/line/asset` where the list says whose it is. */
  readonly asset?: string
  /** Keys of the tag in a machine's file, without its name; the address keys among them. */
  readonly entry: Readonly<Record<string, unknown>> & { readonly class?: TagClass }
}

/** What is not taken over, and why; `line` 0 for the list as a whole. */
export type NotMapped = { readonly line: number; readonly what: string; readonly why: string }

export type TagList = { readonly tags: readonly ListedTag[]; readonly notMapped: readonly NotMapped[] }

/** A kind of tag list; `config/import/index.ts` lists them. */
export type ListFormat = {
  readonly name: string
  /** For people: what writes it. */
  readonly title: string
  /** The connectors that its addresses are for; undefined: any. */
  readonly connectors?: readonly string[]
  recognises(text: string): boolean
  /**
   * `options` are those of the source.
   * @throws MillraceError `bad-payload` or `config-invalid` when the text is no such list at all
   */
  read(text: string, connector: string, options: Readonly<Record<string, unknown>>): TagList
}

/** The parts of a list that were read one by one. */
export function together(parts: readonly (ListedTag | NotMapped)[]): TagList {
  return {
    tags: parts.filter(part => 'entry' in part),
    notMapped: parts.filter(part => 'why' in part),
  }
}

/** Without the keys whose value is undefined or empty. */
export function present(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined && value !== ''))
}
