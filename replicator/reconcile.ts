import { hash } from 'node:crypto'
import type { InRecord } from '../edge-broker/kafka.ts'
import { type Book, emptyTally, type Tally } from './entry.ts'

type Waiting = { readonly offset: bigint; readonly mark: string; readonly timestamp: number }

/**
 * Compares one partition of an export topic with its copy in the region, record by record: a replicator keeps order,
 * key, time and value, but not offsets. Pure. Whoever calls it gives the records of each side in order, and the
 * plant's records first.
 */
export class Reconciliation {
  readonly #tally: Tally
  /** Records of the plant that have not arrived, oldest first, from `#head` on. */
  #waiting: Waiting[] = []
  #head = 0
  readonly #marks = new Map<string, number>()
  #edge: bigint
  #region: bigint
  #blind: boolean

  /** Goes on from a book, or begins both sides at offset 0. */
  constructor(book?: Book) {
    const { edge = '0', region = '0', blind = false, ...tally } = book ?? {}
    this.#tally = { ...emptyTally, ...tally }
    this.#edge = BigInt(edge)
    this.#region = BigInt(region)
    this.#blind = blind
  }

  /** The next offset to read of each side. */
  get next(): { readonly edge: bigint; readonly region: bigint } {
    return { edge: this.#edge, region: this.#region }
  }

  get waiting(): number {
    return this.#waiting.length - this.#head
  }

  /** Time of the oldest record that waits, ms UTC. */
  get oldest(): number | undefined {
    return this.#waiting[this.#head]?.timestamp
  }

  get tally(): Readonly<Tally> {
    return this.#tally
  }

  book(): Book {
    const edge = this.#waiting[this.#head]?.offset ?? this.#edge
    return { ...this.#tally, edge: String(edge), region: String(this.#region), blind: this.#blind }
  }

  /** A record of the plant. */
  sent(record: InRecord): void {
    const mark = markOf(record)
    this.#waiting.push({ offset: record.offset, mark, timestamp: record.timestamp })
    this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1)
    this.#edge = record.offset + 1n
  }

  /**
   * A record of the region.
   * @param complete whether everything was given to `sent` that was in the plant when this record was in the region
   * @returns false if that must come first: then give it again, and nothing of this partition before
   */
  arrived(record: InRecord, complete: boolean): boolean {
    const mark = markOf(record)
    if (this.#marks.has(mark)) this.#match(mark)
    else if (!complete) return false
    else if (this.#blind) this.#tally.records++
    else this.#tally.repeated++
    this.#region = record.offset + 1n
    return true
  }

  /** A side was read up to `offset`; between the last record and there are only control records. */
  readTo(side: 'edge' | 'region', offset: bigint): void {
    if (side === 'edge') this.#edge = offset > this.#edge ? offset : this.#edge
    else this.#region = offset > this.#region ? offset : this.#region
  }

  /** Retention took records of a side before they were read. */
  deleted(side: 'edge' | 'region', from: bigint, to: bigint): void {
    if (side === 'edge') this.#tally.vanished += Number(to - from)
    else this.#tally.uncounted += Number(to - from)
    this.#blind = true
    this.readTo(side, to)
  }

  /** A side ends at `offset`, before what was read of it. What it then gets counts as new. */
  cut(side: 'edge' | 'region', offset: bigint): void {
    this.#tally.cut++
    if (side === 'edge') this.#edge = offset
    else this.#region = offset
  }

  #match(mark: string): void {
    for (;;) {
      const next = this.#waiting[this.#head++]!
      const left = this.#marks.get(next.mark)! - 1
      if (left === 0) this.#marks.delete(next.mark)
      else this.#marks.set(next.mark, left)
      if (next.mark === mark) break
      if (!this.#blind) this.#tally.missing++
    }
    this.#tally.records++
    this.#blind = false
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }
}

function markOf({ key, timestamp, value }: InRecord): string {
  const body = Buffer.concat([Buffer.from(`${timestamp} ${key.length} ${key}`), value ?? Buffer.alloc(0)])
  return hash('sha1', body, 'base64')
}
