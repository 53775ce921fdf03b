import { isBits } from './address.ts'
import type { Answer, Client } from './client.ts'
import { good, mayBeOneAddress } from './codes.ts'
import { type Block, blockOf, type Limits, plan, type Range } from './plan.ts'

type Part = Answer & { readonly block: Block }

const nothing = Buffer.alloc(0)

/**
 * Reads ranges in few requests. A block that the device refuses for an address in it is taken apart, in the same
 * read, until only ranges are bad that it refuses by themselves; from then on they are asked for apart.
 */
export class BlockReader {
  readonly #ranges: readonly Range[]
  readonly #limits: Limits
  readonly #cuts = new Set<number>()
  #blocks: readonly Block[]

  constructor(ranges: readonly Range[], limits: Limits) {
    this.#ranges = ranges
    this.#limits = limits
    this.#blocks = plan(ranges, limits)
  }

  /** One answer a range: its own bytes, or none and the code. Rejects with the error that ended the session. */
  async read(client: Client): Promise<Answer[]> {
    const cuts = this.#cuts.size
    const answers: Answer[] = []
    for (const block of this.#blocks) {
      for (const part of await this.#ask(client, block)) {
        for (const index of part.block.ranges) answers[index] = ownBytes(this.#ranges[index]!, part)
      }
    }
    if (this.#cuts.size > cuts) this.#blocks = plan(this.#ranges, this.#limits, this.#cuts)
    return answers
  }

  async #ask(client: Client, block: Block): Promise<Part[]> {
    const answer = await client.read(block)
    if (!mayBeOneAddress(answer.code) || block.ranges.length < 2) return [{ ...answer, block }]
    const middle = block.ranges.length >> 1
    this.#cuts.add(block.ranges[middle]!)
    const halves = [block.ranges.slice(0, middle), block.ranges.slice(middle)]
    const parts: Part[] = []
    for (const half of halves) parts.push(...(await this.#ask(client, blockOf(this.#ranges, half))))
    return parts
  }
}

/** A bit comes as the lowest of a byte of its own. */
function ownBytes({ area, start, length }: Range, { block, code, bytes, at }: Part): Answer {
  if (code !== good) return { code, bytes: nothing, at }
  const offset = start - block.start
  if (!isBits(area)) return { code, bytes: bytes.subarray(2 * offset, 2 * (offset + length)), at }
  return { code, bytes: Buffer.of((bytes[offset >> 3]! >> (offset & 7)) & 1), at }
}
