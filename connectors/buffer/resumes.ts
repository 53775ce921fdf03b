import type { DatabaseSync } from 'node:sqlite'

/** What a connector could resume from, by the row that it came with. Those that write are called within a transaction. */
export class Resumes {
  readonly #db: DatabaseSync
  readonly #statements

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = {
      put: db.prepare('INSERT OR REPLACE INTO resume VALUES (?, ?)'),
      upTo: db.prepare('SELECT text FROM resume WHERE seq <= ? ORDER BY seq DESC LIMIT 1'),
      prune: db.prepare('DELETE FROM resume WHERE seq < (SELECT max(seq) FROM resume WHERE seq <= ?)'),
    }
  }

  at(seq: number): string | undefined {
    return (this.#statements.upTo.get(seq) as { text: string } | undefined)?.text
  }

  put(seq: number, text: string): () => void {
    this.#statements.put.run(seq, text)
    return () => {}
  }

  /** Keeps what a row after `seq` may still ask for. */
  prune(seq: number): void {
    this.#statements.prune.run(seq)
  }

  clear(): void {
    this.#db.exec('DELETE FROM resume')
  }
}
