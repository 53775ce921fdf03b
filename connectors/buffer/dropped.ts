import type { DatabaseSync } from 'node:sqlite'
import type { TagClass } from '../../model/index.ts'

/** Between `from` and `to`, both among them, so many records of a class are missing: they were dropped unsent. */
export type DroppedRange = {
  readonly class: TagClass
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly records: number
  readonly samples: number
}

export type DroppedRow = { readonly seq: number; readonly samples: number }

/** So many ranges are kept a class; beyond it the oldest two become one. */
const maxRanges = 50

/**
 * What the buffer dropped, as ranges of sequence numbers in the transaction that drops the rows. One outage makes one
 * range a class: it grows as long as nothing behind it has been sent.
 */
export class DroppedRanges {
  readonly #db: DatabaseSync
  #ranges: readonly DroppedRange[]

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#ranges = this.#read()
  }

  get all(): readonly DroppedRange[] {
    return this.#ranges
  }

  /** Within a transaction; `rows` in order. Gives what is to be called once it is committed. */
  add(of: TagClass, rows: readonly DroppedRow[], epoch: number, acknowledgedSeq: number): () => void {
    const [first, last] = [rows[0], rows.at(-1)]
    if (!first || !last) return () => {}
    const samples = rows.reduce((sum, row) => sum + row.samples, 0)
    const before = this.#ranges.findLast(range => range.class === of && range.epoch === epoch)
    if (before && before.to > acknowledgedSeq) {
      this.#db
        .prepare(
          'UPDATE dropped SET last = max(last, ?), records = records + ?, samples = samples + ? WHERE class = ? AND first = ? AND epoch = ?',
        )
        .run(last.seq, rows.length, samples, of, before.from, epoch)
    } else {
      this.#db
        .prepare('INSERT INTO dropped VALUES (?, ?, ?, ?, ?, ?)')
        .run(of, epoch, first.seq, last.seq, rows.length, samples)
      this.#merge(of)
    }
    return () => this.#reload()
  }

  /** Within a transaction: what was never sent goes out under another epoch. */
  adoptEpoch(epoch: number, acknowledgedSeq: number): () => void {
    this.#db.prepare('UPDATE dropped SET epoch = ? WHERE last > ?').run(epoch, acknowledgedSeq)
    return () => this.#reload()
  }

  #merge(of: TagClass): void {
    const ranges = this.#read().filter(range => range.class === of)
    const [a, b] = ranges
    if (!a || !b || ranges.length <= maxRanges || a.epoch !== b.epoch) return
    const remove = this.#db.prepare('DELETE FROM dropped WHERE class = ? AND epoch = ? AND first = ?')
    for (const { epoch, from } of [a, b]) remove.run(of, epoch, from)
    this.#db
      .prepare('INSERT INTO dropped VALUES (?, ?, ?, ?, ?, ?)')
      .run(of, a.epoch, a.from, b.to, a.records + b.records, a.samples + b.samples)
  }

  #reload(): void {
    this.#ranges = this.#read()
  }

  #read(): DroppedRange[] {
    return this.#db
      .prepare(
        'SELECT class, epoch, first AS "from", last AS "to", records, samples FROM dropped ORDER BY epoch, first',
      )
      .all() as DroppedRange[]
  }
}
