import type { DatabaseSync } from 'node:sqlite'
import type { Micros, TagClass } from '../../model/index.ts'
import type { BufferedRecord, BufferedRow } from './buffer.ts'
import type { DroppedRow } from './dropped.ts'

type StoredRow = {
  seq: number
  topic: BufferedRecord['topic']
  asset: string
  tag: string | null
  receivedAt: number
  headers: string | null
  body: Uint8Array
  samples: number
}

export type Droppable = DroppedRow & { readonly class: TagClass; readonly bytes: number }

/** The statements on the rows of a disk buffer. Those that write are called within a transaction. */
export class Rows {
  readonly #db: DatabaseSync
  readonly #statements
  readonly #oldest

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = {
      insert: db.prepare(
        'INSERT INTO record (seq, topic, asset, tag, receivedAt, headers, body, samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ),
      select: db.prepare(
        'SELECT seq, topic, asset, tag, receivedAt, headers, body, samples FROM record WHERE seq > ? ORDER BY seq LIMIT 2000',
      ),
      first: db.prepare('SELECT seq, receivedAt FROM record WHERE seq > ? ORDER BY seq LIMIT 1'),
      receivedAfter: db.prepare('SELECT receivedAt FROM record WHERE seq > ? ORDER BY seq LIMIT 1'),
      mark: db.prepare('UPDATE record SET ackedAt = ? WHERE seq > ? AND seq <= ?'),
      renew: db.prepare('UPDATE record SET ackedAt = ? WHERE ackedAt IS NOT NULL AND seq <= ?'),
      sizeOf: db.prepare(
        'SELECT count(*) AS count, total(length(body)) AS bytes FROM record WHERE seq > ? AND seq <= ?',
      ),
      rewrite: db.prepare(
        'UPDATE record SET topic = ?, tag = ?, headers = ?, body = ?, samples = ? WHERE seq = ?',
      ),
      prune: db.prepare('DELETE FROM record WHERE ackedAt < ?'),
      remove: db.prepare('DELETE FROM record WHERE seq = ?'),
    }
    const oldest = (topic: string) =>
      db.prepare(
        `SELECT seq, length(body) AS bytes, samples FROM record WHERE topic = '${topic}' AND seq > ? ORDER BY seq`,
      )
    this.#oldest = { telemetry: oldest('telemetry'), waveform: oldest('waveforms') }
  }

  sizes(): { last: number; waiting: number; bytes: number } {
    const { last, waiting, bytes } = this.#db
      .prepare(
        'SELECT max(seq) AS last, count(*) FILTER (WHERE ackedAt IS NULL) AS waiting, total(length(body)) FILTER (WHERE ackedAt IS NULL) AS bytes FROM record',
      )
      .get() as { last: number | null; waiting: number; bytes: number }
    return { last: last ?? 0, waiting, bytes }
  }

  /** Bytes in the file that the next rows take before it grows. */
  freeBytes(): number {
    const { freelist_count: pages } = this.#db.prepare('PRAGMA freelist_count').get() as {
      freelist_count: number
    }
    const { page_size: bytes } = this.#db.prepare('PRAGMA page_size').get() as { page_size: number }
    return pages * bytes
  }

  insert(
    seq: number,
    { topic, asset, tag, headers, body, samples }: BufferedRecord,
    receivedAt: Micros,
  ): void {
    const texts = headers ? JSON.stringify(headers) : null
    this.#statements.insert.run(seq, topic, asset, tag ?? null, receivedAt, texts, body, samples)
  }

  /** Puts other contents under a number; gives by how many bytes it grew. */
  rewrite({ seq, topic, tag, headers, body, samples }: BufferedRow): number {
    const { bytes } = this.sizeOf(seq - 1, seq)
    const texts = headers ? JSON.stringify(headers) : null
    this.#statements.rewrite.run(topic, tag ?? null, texts, body, samples, seq)
    return body.byteLength - bytes
  }

  remove(seq: number): void {
    this.#statements.remove.run(seq)
  }

  acknowledge(after: number, upTo: number, nowMs: number, pruneBeforeMs: number): void {
    this.#statements.mark.run(nowMs, after, upTo)
    this.#statements.prune.run(pruneBeforeMs)
  }

  sizeOf(after: number, upTo: number): { count: number; bytes: number } {
    return this.#statements.sizeOf.get(after, upTo) as { count: number; bytes: number }
  }

  firstAfter(seq: number): { seq: number; receivedAt: Micros } | undefined {
    return this.#statements.first.get(seq) as { seq: number; receivedAt: number } | undefined
  }

  /** Those up to `seq` that are acknowledged are kept as if they were only now. */
  renew(seq: number, nowMs: number): void {
    this.#statements.renew.run(nowMs, seq)
  }

  receivedAfter(seq: number): Micros | undefined {
    return (this.#statements.receivedAfter.get(seq) as { receivedAt: number } | undefined)?.receivedAt
  }

  /** The oldest rows of a class after `seq` that hold so many bytes together, or all there are. */
  oldest(of: TagClass, seq: number, atLeastBytes: number): Droppable[] {
    const found: Droppable[] = []
    let bytes = 0
    if (atLeastBytes <= 0) return found
    for (const row of this.#oldest[of].iterate(seq) as Iterable<Omit<Droppable, 'class'>>) {
      found.push({ ...row, class: of })
      bytes += row.bytes
      if (bytes >= atLeastBytes) break
    }
    return found
  }

  read(afterSeq: number, maxBytes: number): BufferedRow[] {
    const rows: BufferedRow[] = []
    let bytes = 0
    for (const stored of this.#statements.select.iterate(afterSeq) as Iterable<StoredRow>) {
      bytes += stored.body.byteLength
      if (rows.length > 0 && bytes > maxBytes) break
      const { tag, headers, ...row } = stored
      rows.push({
        ...row,
        ...(tag !== null && { tag }),
        ...(headers !== null && { headers: JSON.parse(headers) }),
      })
    }
    return rows
  }
}
