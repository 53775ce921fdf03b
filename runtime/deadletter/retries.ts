export type Identity = { readonly source: string; readonly epoch: number; readonly seq: number }

/** Letters of a source that are remembered: more than a person puts back within the weeks that they are kept. */
const mostRemembered = 10_000

/**
 * Which dead letters that were put back are taken already. Such a record is older than what was seen since, and was not
 * taken then; the same one may have become two letters, where its source had delivered it twice.
 */
export class Retries {
  readonly #taken = new Map<string, readonly string[]>()

  /** @param key names the source */
  isNew(key: string, identity: Identity): boolean {
    return !this.#taken.get(key)?.includes(nameOf(identity))
  }

  /** Only once it was taken: what cannot be read again may be put back again. @returns what is to be kept under the key */
  note(key: string, identity: Identity): readonly string[] {
    const taken = [...(this.#taken.get(key) ?? []), nameOf(identity)].slice(-mostRemembered)
    this.#taken.set(key, taken)
    return taken
  }

  restore(key: string, taken: readonly string[]): void {
    this.#taken.set(key, taken)
  }
}

const nameOf = ({ epoch, seq }: Identity) => `${epoch}/${seq}`
