/**
 * Idempotency keys, exactly once over kills of this process and bounded.
 *
 * The newest keys are a short journal, which is stored *with* the samples that they stand for, all or nothing, as the
 * text that the caller gives back to the next session (`Source.resume`). Before the journal grows beyond its bound, it
 * is moved into a table in the source's state folder; only then does a shorter journal take its place. So a key is
 * known from the moment on at which its samples are, and no moment is between the two.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { coded, MillraceError } from '../../model/index.ts'

/** What became of the first request with a key. */
export type Remembered = {
  /** Of what was posted: path, type and body. */
  readonly fingerprint: string
  readonly stored: number
  readonly atMs: number
}

export type KeyOptions = {
  /** `keys.db` is kept here. */
  readonly stateDir: string
  /** The journal as it was last stored with samples. */
  readonly journal: string | undefined
  readonly rememberMs: number
  readonly maxKeys: number
}

const mostInJournal = 64
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS key (
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, stored INTEGER NOT NULL, atMs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS age ON key (atMs);
`

/** The name under which a client's key is remembered: no client meets, or learns of, another's. */
export function keyId(client: string, key: string): string {
  return digest(`${client}\n${key}`)
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

export class Keys {
  readonly #db: DatabaseSync
  readonly #options: KeyOptions
  readonly #select: StatementSync
  readonly #insert: StatementSync
  readonly #prune: StatementSync
  readonly #journal: Map<string, Remembered>
  #inTable: number

  /** @throws MillraceError `disk` */
  constructor(options: KeyOptions) {
    this.#options = options
    this.#journal = journalIn(options.journal)
    const db = opened(join(options.stateDir, 'keys.db'))
    this.#db = db
    this.#select = db.prepare('SELECT fingerprint, stored, atMs FROM key WHERE id = ?')
    this.#insert = db.prepare('INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?)')
    this.#prune = db.prepare('DELETE FROM key WHERE atMs < ?')
    this.#inTable = Number(db.prepare('SELECT count(*) AS keys FROM key').get()!.keys)
  }

  find(id: string, nowMs: number): Remembered | undefined {
    const found = this.#journal.get(id) ?? (this.#select.get(id) as Remembered | undefined)
    return found && found.atMs >= nowMs - this.#options.rememberMs ? found : undefined
  }

  /** Whether one more key would be one too many. */
  isFull(nowMs: number): boolean {
    if (this.#inTable + this.#journal.size < this.#options.maxKeys) return false
    this.#moveToTable(nowMs)
    return this.#inTable >= this.#options.maxKeys
  }

  /**
   * The text to store with the samples of a new key; `kept` is to be called once they are stored.
   * @throws MillraceError `disk` when older keys cannot be put away
   */
  add(id: string, remembered: Remembered): { journal: string; kept: () => void } {
    if (this.#journal.size >= mostInJournal) this.#moveToTable(remembered.atMs)
    const entries = [...this.#journal, [id, remembered] as const]
    return {
      journal: JSON.stringify(
        entries.map(([key, { fingerprint, stored, atMs }]) => [key, fingerprint, stored, atMs]),
      ),
      kept: () => void this.#journal.set(id, remembered),
    }
  }

  close(): void {
    this.#db.close()
  }

  /** All or nothing, and on disk when it returns; until then the journal stays as it is. */
  #moveToTable(nowMs: number): void {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      for (const [id, { fingerprint, stored, atMs }] of this.#journal)
        this.#insert.run(id, fingerprint, stored, atMs)
      this.#prune.run(nowMs - this.#options.rememberMs)
      this.#inTable = Number(this.#db.prepare('SELECT count(*) AS keys FROM key').get()!.keys)
      this.#db.exec('COMMIT')
    } catch (thrown) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw coded(thrown, 'disk', 'idempotency keys cannot be written', {
        transient: true,
        hint: 'Free disk space; nothing is acknowledged until then',
      })
    }
    this.#journal.clear()
  }
}

function opened(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path)
    db.exec(schema)
    return db
  } catch (thrown) {
    throw coded(thrown, 'disk', `the idempotency keys in ${path} cannot be read`, {
      hint: 'Check the disk; a damaged file can be moved away, which forgets the keys in it',
    })
  }
}

function journalIn(text: string | undefined): Map<string, Remembered> {
  if (text === undefined) return new Map()
  try {
    const entries = JSON.parse(text) as [string, string, number, number][]
    return new Map(entries.map(([id, fingerprint, stored, atMs]) => [id, { fingerprint, stored, atMs }]))
  } catch (cause) {
    throw new MillraceError('disk', 'the journal of idempotency keys cannot be read', {
      cause,
      hint: 'Another version of this product, or another kind of connector, had this source: give it another name',
    })
  }
}
