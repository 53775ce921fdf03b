import { crc32 } from 'node:zlib'

/** A QoS 1 message that waits for its PUBACK: its packet id, and a checksum of what it says. */
export type Receipt = { readonly id: number; readonly sum: number }

const entryBytes = 6

export function receiptOf(id: number, topic: string, payload: Uint8Array): Receipt {
  return { id, sum: crc32(payload, crc32(topic)) }
}

/**
 * The messages that are durable here and whose PUBACK may not have reached the broker: the last `most` of them. It sends
 * those again with DUP and the same packet id (MQTT 5.0, 4.4), and they must not count twice. The text of it is stored
 * together with the samples, all or nothing, so it survives a kill.
 *
 * A broker that gives ids out again at once could send a new message that looks like the one before it. It shows itself
 * by doing so without DUP; from then on nothing is taken for a repeat, and what is sent again is counted again.
 */
export class Repeats {
  readonly #most: number
  readonly #sums = new Map<number, number>()
  #reuses: boolean

  constructor(most: number, stored: string | undefined) {
    this.#most = most
    this.#reuses = stored?.startsWith('!') ?? false
    const bytes = Buffer.from(stored?.slice(1) ?? '', 'base64')
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
      this.#sums.set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2))
    }
  }

  /** Whether this one, sent with DUP, is durable already. */
  has({ id, sum }: Receipt): boolean {
    return !this.#reuses && this.#sums.get(id) === sum
  }

  /** A message without DUP: its id is the broker's to give out again. */
  fresh({ id }: Receipt): void {
    if (this.#sums.delete(id)) this.#reuses = true
  }

  /** To be stored with the samples of these. */
  with(receipts: readonly Receipt[]): string {
    for (const { id, sum } of receipts) {
      this.#sums.delete(id)
      this.#sums.set(id, sum)
    }
    for (const id of this.#sums.keys()) {
      if (this.#sums.size <= this.#most) break
      this.#sums.delete(id)
    }
    const bytes = Buffer.alloc(this.#sums.size * entryBytes)
    let at = 0
    for (const [id, sum] of this.#sums) {
      bytes.writeUInt16BE(id, at)
      bytes.writeUInt32BE(sum, at + 2)
      at += entryBytes
    }
    return `${this.#reuses ? '!' : '.'}${bytes.toString('base64')}`
  }
}
