/**
 * The changelog of a large state: now and then a snapshot, and the records that it was stepped with since. What a commit
 * writes is then as large as its input, not as the state; and processors are pure, so that a restore which steps
 * the records again comes to the same state.
 */
import type { InRecord } from '../edge-broker/kafka.ts'
import { MillraceError } from '../model/index.ts'

/** A commit's records of one asset: a line of JSON, then their values one after the other. `from` counts records. */
type Head = {
  readonly v: 1
  readonly from: number
  readonly sizes: readonly number[]
  readonly timestamps: readonly number[]
}

export type RedoEntry = { readonly key: string; readonly value: Buffer }
export type Redone = Pick<InRecord, 'value' | 'timestamp'>

/** So many entries, and so many times the snapshot's bytes, until there is a new one. */
const mostEntries = 64
const timesSnapshot = 2
/** A state that is not larger is written whole. */
const smallBytes = 16_384
/** A broker takes 1 MiB at a time. */
const mostEntryBytes = 500_000

const newline = 10

export class RedoLog {
  /** Records that the state has been stepped with. */
  #count = 0
  #entries = 0
  #bytes = 0
  #snapshotBytes = 0
  #pending: Redone[] = []
  readonly #stored: { from: number; records: Redone[] }[] = []
  /** Logs that begin together have their snapshots one after the other. */
  readonly #patience: number

  constructor(order: number) {
    this.#patience = timesSnapshot + (order % 16) / 16
  }

  /** How many records a snapshot of the state as it is now holds. */
  get count(): number {
    return this.#count
  }

  /** The state was stepped with the record. */
  note(record: Redone): void {
    this.#pending.push(record)
    this.#count++
  }

  /** The entry for the commit, to be kept under `<key>/<slot>`; undefined when it is time for a snapshot. */
  entry(key: string): RedoEntry | undefined {
    const bytes = this.#pending.reduce((sum, { value }) => sum + value!.byteLength, 0)
    const limit = Math.max(smallBytes, this.#patience * this.#snapshotBytes)
    if (this.#entries >= mostEntries || bytes > mostEntryBytes || this.#bytes + bytes > limit)
      return undefined
    const head: Head = {
      v: 1,
      from: this.#count - this.#pending.length,
      sizes: this.#pending.map(({ value }) => value!.byteLength),
      timestamps: this.#pending.map(({ timestamp }) => timestamp),
    }
    const line = Buffer.from(`${JSON.stringify(head)}\n`)
    const value = Buffer.concat([line, ...this.#pending.map(({ value }) => value!)])
    const entry = { key: `${key}/${this.#entries}`, value }
    this.#entries++
    this.#bytes += bytes
    this.#pending = []
    return entry
  }

  /** The whole state was written, in so many bytes: the entries before are void. */
  snapshotTaken(bytes: number): void {
    this.#snapshotBytes = bytes
    this.#entries = 0
    this.#bytes = 0
    this.#pending = []
  }

  restoreSnapshot(count: number, bytes: number): void {
    this.#count = count
    this.#snapshotBytes = bytes
  }

  restoreEntry(value: Buffer): void {
    const end = value.indexOf(newline)
    const { from, sizes, timestamps } = JSON.parse(value.toString('utf8', 0, end)) as Head
    let at = end + 1
    const records = sizes.map((size, i) => {
      at += size
      return { value: Buffer.from(value.subarray(at - size, at)), timestamp: timestamps[i]! }
    })
    this.#stored.push({ from, records })
  }

  /**
   * The records since the snapshot, once everything was restored; entries from before it are void.
   * @throws MillraceError `bad-payload` when one is missing
   */
  redo(key: string): Redone[] {
    if (this.#stored.length === 0) return []
    const since = this.#stored.filter(({ from }) => from >= this.#count).sort((a, b) => a.from - b.from)
    this.#stored.length = 0
    const records: Redone[] = []
    for (const entry of since) {
      if (entry.from !== this.#count)
        throw new MillraceError('bad-payload', `the state ${key} lacks records from ${this.#count} on`)
      records.push(...entry.records)
      this.#count += entry.records.length
    }
    this.#entries = since.length
    this.#bytes = records.reduce((sum, { value }) => sum + value!.byteLength, 0)
    return records
  }
}

/** The logs of all large states of a partition. */
export class RedoLogs {
  readonly #logs = new Map<string, RedoLog>()
  /** Keys with records that are not in the changelog yet. */
  readonly #noted = new Set<string>()

  of(key: string): RedoLog {
    const log = this.#logs.get(key) ?? new RedoLog(this.#logs.size)
    this.#logs.set(key, log)
    return log
  }

  get(key: string): RedoLog | undefined {
    return this.#logs.get(key)
  }

  note(key: string, { value, timestamp }: Redone): void {
    this.of(key).note({ value, timestamp })
    this.#noted.add(key)
  }

  /** For the commit. @param isWhole whether a state is written whole anyway @returns the keys of others that are to be */
  entries(isWhole: (key: string) => boolean): { readonly entries: RedoEntry[]; readonly whole: string[] } {
    const entries: RedoEntry[] = []
    const whole: string[] = []
    for (const key of this.#noted) {
      const entry = isWhole(key) ? undefined : this.#logs.get(key)!.entry(key)
      if (entry) entries.push(entry)
      else whole.push(key)
    }
    this.#noted.clear()
    return { entries, whole }
  }
}
