import { DatabaseSync } from 'node:sqlite'
import { coded } from '../../model/index.ts'

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 2000;
  CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, asset TEXT NOT NULL, tag TEXT, receivedAt INTEGER NOT NULL,
    headers TEXT, body BLOB NOT NULL, ackedAt INTEGER, samples INTEGER NOT NULL DEFAULT 1) STRICT;
  CREATE INDEX IF NOT EXISTS acked ON record (ackedAt) WHERE ackedAt IS NOT NULL;
  CREATE INDEX IF NOT EXISTS waveform ON record (seq) WHERE topic = 'waveforms';
  CREATE TABLE IF NOT EXISTS dropped (
    class TEXT NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    records INTEGER NOT NULL, samples INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS resume (seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`

/** @throws MillraceError `disk` */
export function openDatabase(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path)
    db.exec(schema)
    addSamples(db)
    return db
  } catch (error) {
    throw coded(error, 'disk', `the disk buffer ${path} cannot be opened`, {
      hint: 'Check the disk; a damaged buffer can be moved away, which starts a new epoch and loses what waited in it',
    })
  }
}

/** Rows written before they carried it count as one sample each. */
function addSamples(db: DatabaseSync): void {
  const columns = db.prepare('PRAGMA table_info(record)').all() as { name: string }[]
  if (columns.some(({ name }) => name === 'samples')) return
  db.exec('ALTER TABLE record ADD COLUMN samples INTEGER NOT NULL DEFAULT 1')
}

/** Small texts that move together with the rows. */
export class Meta {
  readonly #db: DatabaseSync
  readonly #values: Map<string, string>
  readonly #set

  constructor(db: DatabaseSync) {
    this.#db = db
    const rows = db.prepare('SELECT name, value FROM meta').all() as { name: string; value: string }[]
    this.#values = new Map(rows.map(({ name, value }) => [name, value]))
    this.#set = db.prepare(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    )
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  /** As `put`. */
  remove(name: string): () => void {
    this.#db.prepare('DELETE FROM meta WHERE name = ?').run(name)
    return () => this.#values.delete(name)
  }

  /** Within a transaction; gives what is to be called once it is committed. */
  put(name: string, value: string): () => void {
    this.#set.run(name, value)
    return () => this.#values.set(name, value)
  }
}
