import type { Micros } from '../../model/index.ts'
import type { Client } from './client.ts'
import { answerError, good, isDenial } from './codes.ts'
import { type Block, itemOf, type Limits, plan, type Range, type Request } from './plan.ts'

/**
 * What became of a range: return code 0xff with its bytes, or another code and none. Never bytes of an earlier read.
 * Its bytes are `length` from `start` on: what is read together is not cut up.
 */
export type Outcome = {
  readonly code: number
  readonly bytes: Buffer
  readonly start: number
  readonly length: number
  readonly at: Micros
}

type Part = Pick<Outcome, 'code' | 'bytes' | 'at'> & { readonly block: Block }
/** A block refused as a whole: not worth taking apart again until its code changes or some reads have passed. */
type Settled = { readonly code: number; reads: number }

const nothing = Buffer.alloc(0)
const readsUntilNextTry = 16

/**
 * Reads ranges in the fewest requests. A block that the device refuses is taken apart, in the same read, until only
 * ranges are bad that the device refuses by themselves; from then on they are asked for apart from their neighbours.
 */
export class BlockReader {
  readonly #ranges: readonly Range[]
  readonly #limits: Limits
  readonly #endpoint: string
  readonly #cuts = new Set<number>()
  readonly #settled = new Map<Block, Settled>()
  #requests: readonly Request[] = []
  /** Where each range is in the blocks of the requests; undefined while one is in several. */
  #places: readonly Placed[] | undefined

  constructor(ranges: readonly Range[], limits: Limits, endpoint: string) {
    this.#ranges = ranges
    this.#limits = limits
    this.#endpoint = endpoint
    this.#plan()
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0
  }

  /** One outcome a range. Rejects with the session's error, or `refused` when the device permits no reading at all. */
  async read(client: Client): Promise<Outcome[]> {
    const cuts = this.#cuts.size
    const parts = (await Promise.all(this.#requests.map(request => this.#ask(client, request)))).flat()
    if (this.#places && parts.every(({ code }) => code === good)) {
      this.#settled.clear()
      return this.#places.map(place => direct(parts[place.part]!, place))
    }
    const whole = await Promise.all(parts.map(part => this.#resolve(client, part)))
    if (this.#cuts.size > cuts) {
      this.#plan()
      this.#settled.clear()
    }
    return this.#assemble(whole.flat())
  }

  #plan(): void {
    this.#requests = plan(this.#ranges, this.#limits, this.#cuts)
    this.#places = placesIn(this.#requests.flat(), this.#ranges)
  }

  async #ask(client: Client, request: Request): Promise<Part[]> {
    const { error, items, at } = await client.read(request.map(itemOf))
    if (error === 0) return items.map(({ code, bytes }, i) => ({ code, bytes, at, block: request[i]! }))
    if (isDenial(error)) throw answerError(error, this.#endpoint)
    // Some devices refuse the whole request for one of its items.
    if (request.length > 1)
      return (await Promise.all(request.map(block => this.#ask(client, [block])))).flat()
    return [{ code: error, bytes: nothing, at, block: request[0]! }]
  }

  /** The part itself, or what it becomes when its neighbours are asked for without each other. */
  async #resolve(client: Client, part: Part): Promise<Part[]> {
    const { block, code } = part
    if (code === good || block.ranges.length < 2) {
      this.#settled.delete(block)
      return [part]
    }
    const settled = this.#settled.get(block)
    if (settled?.code === code && settled.reads++ < readsUntilNextTry) return [part]
    const [first] = await this.#ask(client, [this.#blockOf([this.#shortest(block)])])
    // In a data block whose lowest range is refused, so is everything above: it does not exist.
    if (block.area === 'DB' && first!.code !== good) {
      this.#settled.set(block, { code, reads: 0 })
      return [part]
    }
    return await this.#halve(client, block)
  }

  async #halve(client: Client, { ranges }: Block): Promise<Part[]> {
    const middle = ranges.length >> 1
    this.#cuts.add(ranges[middle]!)
    const halves = [ranges.slice(0, middle), ranges.slice(middle)].map(half => this.#blockOf(half))
    const parts = await this.#ask(client, halves)
    return (await Promise.all(parts.map(part => this.#resolve(client, part)))).flat()
  }

  /** The range of a block that ends first. */
  #shortest({ ranges }: Block): number {
    const end = (index: number) => this.#ranges[index]!.start + this.#ranges[index]!.length
    return ranges.reduce((least, index) => (end(index) < end(least) ? index : least))
  }

  #blockOf(indices: readonly number[]): Block {
    const { area, db, start } = this.#ranges[indices[0]!]!
    const end = Math.max(...indices.map(index => this.#ranges[index]!.start + this.#ranges[index]!.length))
    return { area, db, start, length: end - start, ranges: indices }
  }

  #assemble(parts: readonly Part[]): Outcome[] {
    const found: Part[][] = this.#ranges.map(() => [])
    for (const part of parts) for (const index of part.block.ranges) found[index]!.push(part)
    return this.#ranges.map((range, i) => combine(range, found[i]!))
  }
}

type Placed = { readonly part: number; readonly start: number; readonly length: number }

function placesIn(blocks: readonly Block[], ranges: readonly Range[]): Placed[] | undefined {
  const places: Placed[] = new Array(ranges.length)
  for (const [part, block] of blocks.entries()) {
    for (const index of block.ranges) {
      if (places[index]) return undefined
      const { start, length } = ranges[index]!
      places[index] = { part, start: start - block.start, length }
    }
  }
  return places
}

function direct({ bytes, at }: Part, { start, length }: Placed): Outcome {
  return { code: good, bytes, start, length, at }
}

/** The range's own bytes out of its block or pieces; of several codes a bad one counts. */
function combine(range: Range, parts: readonly Part[]): Outcome {
  const at = Math.max(...parts.map(part => part.at))
  const refused = parts.find(({ code }) => code !== good)
  if (refused) return { code: refused.code, bytes: nothing, start: 0, length: 0, at }
  const slices = parts
    .toSorted((a, b) => a.block.start - b.block.start)
    .map(({ block, bytes }) => {
      const from = Math.max(0, range.start - block.start)
      return bytes.subarray(from, Math.min(block.length, range.start + range.length - block.start))
    })
  const bytes = slices.length === 1 ? slices[0]! : Buffer.concat(slices)
  return { code: good, bytes, start: 0, length: bytes.length, at }
}

/** An outcome's own bytes alone. */
export function bytesOf({ bytes, start, length }: Outcome): Buffer {
  return bytes.subarray(start, start + length)
}
