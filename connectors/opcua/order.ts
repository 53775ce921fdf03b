/** Sequence numbers of notification messages run from 1 to here, then from 1 again (OPC 10000-4, 7.26). */
const last = 0xffffffff

export const following = (number: number): number => (number === last ? 1 : number + 1)

/** How far `number` is ahead of `next`, 0 for `next` itself; undefined when it lies before. */
function ahead(number: number, next: number): number | undefined {
  const distance = (number - next + last) % last
  return distance < last / 2 ? distance : undefined
}

/**
 * What to do with a message: `next` is the one to handle, `old` was handled before, and of `missing` the numbers that
 * have to be asked for first.
 */
export type Place = 'next' | 'old' | { readonly missing: readonly number[]; readonly beyond: number }

/** The server keeps few messages; older ones than these are not asked for. */
const mostAsked = 200

/**
 * Follows the numbers of one subscription, which have no gaps: a message with something in it uses one up, a keep-alive
 * tells the next (OPC 10000-4, 5.14.1.1). What it says is right whatever order messages arrive in.
 */
export class Order {
  #next: number | undefined

  /** @param handled the last number that was handled, by whoever came before */
  constructor(handled?: number) {
    this.#next = handled === undefined ? undefined : following(handled)
  }

  /** The last number handled; undefined before the first. */
  get handled(): number | undefined {
    if (this.#next === undefined) return undefined
    return this.#next === 1 ? last : this.#next - 1
  }

  /** `beyond` counts the numbers that are missing too, and too old to be asked for. */
  place(number: number, isKeepAlive: boolean): Place {
    this.#next ??= number
    const distance = ahead(number, this.#next)
    if (distance === undefined) return 'old'
    if (distance === 0) return isKeepAlive ? 'old' : 'next'
    const asked = Math.min(distance, mostAsked)
    const first = ((number - asked - 1 + last) % last) + 1
    const missing = Array.from({ length: asked }, (_, i) => ((first - 1 + i) % last) + 1)
    return { missing, beyond: distance - asked }
  }

  /** The message of this number is handled, or known to be lost. */
  took(number: number): void {
    this.#next = following(number)
  }
}
