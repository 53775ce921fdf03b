/**
 * The disk buffer of one source: an append-only queue in SQLite (WAL, synchronous=FULL) between the device and Kafka.
 * What append() has returned for survives `kill -9` and power cuts. Rows stay until Kafka has taken them and ten
 * seconds more, because a hall that loses power as a whole can lose the brokers' last flush interval.
 */
import { coded, type Micros, MillraceError } from '../../model/index.ts'
import { Meta, openDatabase } from './database.ts'
import { type DroppedRange, DroppedRanges } from './dropped.ts'
import type { BufferOptions as Policy } from './options.ts'
import { Resumes } from './resumes.ts'
import { type Droppable, Rows } from './rows.ts'
import { FreeSpace, Reserve } from './space.ts'

/** One future Kafka record, still without its epoch: that is known only when Kafka can be asked. */
export type BufferedRecord = {
  readonly topic: 'telemetry' | 'waveforms'
  readonly asset: string
  /** Waveforms only. */
  readonly tag?: string
  /** telemetry: the JSON after `"seq":n,`; waveforms: float32 little endian */
  readonly body: Uint8Array
  /** How many samples it holds: what is lost should it be dropped. */
  readonly samples: number
  /** Waveforms only: what becomes headers. */
  readonly headers?: Readonly<Record<string, string>>
}

export type BufferedRow = BufferedRecord & {
  readonly seq: number
  readonly receivedAt: Micros
}

export type DiskBuffer = {
  /** 0 until adoptEpoch() */
  readonly epoch: number
  readonly lastSeq: number
  /** Up to here the buffer knows that Kafka has everything. */
  readonly acknowledgedSeq: number
  /** Rows that Kafka has not acknowledged, and the bytes of their bodies. */
  readonly waiting: number
  readonly waitingBytes: number
  /** Bytes taken since it was opened. */
  readonly takenBytes: number
  readonly maxBytes: number
  /** What was dropped because the buffer was full, oldest first. */
  readonly dropped: readonly DroppedRange[]
  /**
   * Durable when it returns. `account` is any JSON text that must move together with the rows (the ledger's counts).
   * When full, rows of a class that may be dropped give way, the oldest first, never one that may be in Kafka already.
   * @throws MillraceError `buffer-full` (transient) when the bound is reached, `disk` when the file system refuses
   */
  append(records: readonly BufferedRecord[], receivedAt: Micros, account: string, resume?: string): void
  /** Resolves when an append that was refused is worth another try, or the signal aborts. */
  waitForRoom(signal: AbortSignal): Promise<void>
  /** Stores the account alone. @throws MillraceError `disk` (transient) */
  keepAccount(account: string): void
  /** The account stored with the last append, if any. */
  account(): string | undefined
  /** The last `resume` that came with an append, if any. */
  resume(): string | undefined
  /** The last sequence number that was given before the epoch began. */
  readonly epochStart: number
  /** Persists the epoch under which all rows beyond `start`, and those to come, go out; left out: those never sent. */
  adoptEpoch(epoch: number, start?: number): void
  /** The last `resume` that came with a row up to `seq`, as far back as rows are kept. */
  resumeAt(seq: number): string | undefined
  /** What the next session resumes from, in place of what the last one left; undefined: from nothing. */
  resumeFrom(text: string | undefined): void
  /** A short text of the caller's own. */
  note(name: string): string | undefined
  keepNote(name: string, text: string): void
  /** Puts other contents under the numbers of rows that were never sent, and the account, all or nothing. */
  replace(rows: readonly BufferedRow[], account: string): void
  /** The first row after `seq` that is still on disk, acknowledged or not. */
  firstAfter(seq: number): { readonly seq: number; readonly receivedAt: Micros } | undefined
  /** When the first row after `seq` was received. */
  receivedAfter(seq: number): Micros | undefined
  /** Rows after `seq` in order, at most `maxBytes` of bodies but at least one row if there is any. */
  read(afterSeq: number, maxBytes: number): BufferedRow[]
  /**
   * Kafka has everything up to and with `seq`; rows acknowledged more than `keepMs` ago are removed. Said again of rows
   * that were sent again, it keeps them as long again.
   */
  acknowledge(seq: number, nowMs: number): void
  /** Resolves when a row beyond `seq` is there or the signal aborts. */
  waitBeyond(seq: number, signal: AbortSignal): Promise<void>
  close(): void
}

export type BufferOptions = {
  readonly path: string
  /** Bound of the bodies on disk that Kafka has not acknowledged. */
  readonly maxBytes?: number
  /** Below so much free space on its disk the buffer is full. */
  readonly minFreeBytes?: number
  readonly whenFull?: Policy['whenFull']
  readonly keepMs?: number
}

/** What one reading may hand out; rows of one batch may be in Kafka although nobody has said so yet. */
export const maxBatchBytes = 2_000_000
const lookAgainMs = 500
/** In the order in which they give way. */
const classes = ['waveform', 'telemetry'] as const
const allWait: Policy['whenFull'] = { telemetry: 'back-pressure', waveform: 'back-pressure' }

export function openBuffer(options: BufferOptions): DiskBuffer {
  const { path, maxBytes = 1 << 30, minFreeBytes = 0, keepMs = 10_000, whenFull = allWait } = options
  const db = openDatabase(path)
  const meta = new Meta(db)
  const rows = new Rows(db)
  const dropped = new DroppedRanges(db)
  const resumes = new Resumes(db)
  const free = new FreeSpace(path)
  const reserve = new Reserve(path)
  const sizes = rows.sizes()
  let lastSeq = Math.max(sizes.last, Number(meta.get('lastSeq') ?? 0))
  let lastRow = sizes.last
  let acked = Number(meta.get('acked') ?? lastSeq - sizes.waiting)
  let { waiting, bytes: waitingBytes } = sizes
  let takenBytes = 0
  let epoch = Number(meta.get('epoch') ?? 0)
  let epochStart = Number(meta.get('epochStart') ?? 0)
  if (meta.get('acked') === undefined) meta.put('acked', String(acked))()
  /** Rows up to here may be in Kafka. After a restart that is what one reading would have handed out. */
  let handedOut = rows.read(acked, maxBatchBytes).at(-1)?.seq ?? acked
  let arrived = Promise.withResolvers<void>()
  let room = Promise.withResolvers<void>()

  const isShort = () => free.bytes() < minFreeBytes
  if (!isShort()) reserve.take()

  /** All or nothing, and on disk when it returns; then `work` may have its say in memory. */
  const once = (work: () => readonly (() => void)[]): void => {
    try {
      db.exec('BEGIN IMMEDIATE')
      const committed = work()
      db.exec('COMMIT')
      for (const note of committed) note()
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw coded(error, 'disk', `the disk buffer ${path} cannot be written`, {
        transient: true,
        hint: 'Free disk space; nothing is acknowledged to the device until then',
      })
    }
  }

  /** The same for what makes room or is small: a full disk gives back its reserve for it. */
  const transaction: typeof once = work => {
    try {
      once(work)
    } catch (error) {
      if (!reserve.give()) throw error
      once(work)
    }
  }

  /** How many bytes have to give way before so many more are taken. An empty buffer takes any one append. */
  const excess = (bytes: number): number => {
    if (waiting === 0) return 0
    const beyond = Math.max(0, waitingBytes + bytes - maxBytes)
    return isShort() && rows.freeBytes() < bytes ? Math.max(beyond, bytes) : beyond
  }

  /** Rows and new records that give way. @throws MillraceError `buffer-full` when it is not enough */
  const givingWay = (records: readonly BufferedRecord[]) => {
    const need = excess(records.reduce((sum, record) => sum + record.body.byteLength, 0))
    const old: Droppable[] = []
    let given = 0
    for (const kind of classes) {
      if (given >= need || whenFull[kind] !== 'drop-oldest') continue
      const found = rows.oldest(kind, handedOut, need - given)
      old.push(...found)
      given += found.reduce((sum, row) => sum + row.bytes, 0)
    }
    const unkept = new Set<BufferedRecord>()
    for (const record of records) {
      if (given >= need || whenFull[classOf(record)] !== 'drop-oldest') continue
      unkept.add(record)
      given += record.body.byteLength
    }
    if (given < need) throw full(waitingBytes, isShort())
    return { old, unkept }
  }

  return {
    get epoch() {
      return epoch
    },
    get lastSeq() {
      return lastSeq
    },
    get acknowledgedSeq() {
      return acked
    },
    get waiting() {
      return waiting
    },
    get waitingBytes() {
      return waitingBytes
    },
    get takenBytes() {
      return takenBytes
    },
    get dropped() {
      return dropped.all
    },
    maxBytes,
    append(records, receivedAt, account, resume) {
      const { old, unkept } = givingWay(records)
      const numbered = records.map((record, i) => ({ record, seq: lastSeq + 1 + i }))
      const stored = numbered.filter(({ record }) => !unkept.has(record))
      const gone: Droppable[] = numbered
        .filter(({ record }) => unkept.has(record))
        .map(({ record, seq }) => ({ class: classOf(record), seq, bytes: 0, samples: record.samples }))
      const last = lastSeq + records.length
      once(() => {
        // First, so that what comes takes the space of what goes: the file does not grow.
        for (const { seq } of old) rows.remove(seq)
        for (const { record, seq } of stored) rows.insert(seq, record, receivedAt)
        return [
          ...classes.map(kind =>
            dropped.add(
              kind,
              [...old, ...gone].filter(row => row.class === kind),
              epoch,
              acked,
            ),
          ),
          meta.put('account', account),
          meta.put('lastSeq', String(last)),
          ...(resume === undefined ? [] : [resumes.put(last, resume), meta.put('resume', resume)]),
        ]
      })
      const bytes = stored.reduce((sum, { record }) => sum + record.body.byteLength, 0)
      lastSeq = last
      lastRow = stored.at(-1)?.seq ?? lastRow
      waiting += stored.length - old.length
      waitingBytes += bytes - old.reduce((sum, row) => sum + row.bytes, 0)
      takenBytes += bytes
      free.wrote(bytes)
      arrived.resolve()
      arrived = Promise.withResolvers<void>()
    },
    async waitForRoom(signal) {
      await firstOf(signal, room.promise, lookAgainMs)
    },
    keepAccount(account) {
      transaction(() => [meta.put('account', account)])
    },
    account: () => meta.get('account'),
    resume: () => meta.get('resume'),
    get epochStart() {
      return epochStart
    },
    adoptEpoch(next, start = acked) {
      transaction(() => [
        meta.put('epoch', String(next)),
        meta.put('epochStart', String(start)),
        dropped.adoptEpoch(next, start),
      ])
      epoch = next
      epochStart = start
    },
    resumeAt: seq => resumes.at(seq),
    resumeFrom(text) {
      transaction(() => {
        resumes.clear()
        if (text === undefined) return [meta.remove('resume')]
        return [resumes.put(lastSeq, text), meta.put('resume', text)]
      })
    },
    note: name => meta.get(name),
    keepNote(name, text) {
      transaction(() => [meta.put(name, text)])
    },
    replace(changed, account) {
      let change = 0
      transaction(() => {
        for (const row of changed) change += rows.rewrite(row)
        return [meta.put('account', account)]
      })
      waitingBytes += change
    },
    firstAfter: seq => rows.firstAfter(seq),
    receivedAfter: seq => rows.receivedAfter(seq),
    read(afterSeq, limit) {
      const found = rows.read(afterSeq, Math.min(limit, maxBatchBytes))
      handedOut = Math.max(handedOut, found.at(-1)?.seq ?? 0)
      return found
    },
    acknowledge(seq, nowMs) {
      if (seq <= acked) {
        transaction(() => {
          rows.renew(seq, nowMs)
          return []
        })
        return
      }
      const { count, bytes } = rows.sizeOf(acked, seq)
      transaction(() => {
        rows.acknowledge(acked, seq, nowMs, nowMs - keepMs)
        resumes.prune(seq)
        return [meta.put('acked', String(seq))]
      })
      acked = seq
      handedOut = Math.max(handedOut, seq)
      waiting -= count
      waitingBytes -= bytes
      if (!isShort()) reserve.take()
      room.resolve()
      room = Promise.withResolvers<void>()
    },
    async waitBeyond(seq, signal) {
      while (lastRow <= seq && !signal.aborted) await firstOf(signal, arrived.promise)
    },
    close() {
      db.close()
    },
  }
}

const classOf = ({ topic }: Pick<BufferedRecord, 'topic'>) =>
  topic === 'waveforms' ? 'waveform' : 'telemetry'

function full(bytes: number, isDisk: boolean): MillraceError {
  const message = isDisk
    ? 'the disk of the disk buffer is nearly full'
    : `the disk buffer holds ${bytes} bytes that Kafka has not taken`
  return new MillraceError('buffer-full', message, {
    transient: true,
    hint: isDisk
      ? 'Free disk space; the device keeps what its own queue can hold'
      : 'Bring the brokers back; the device keeps what its own queue can hold',
  })
}

/** Resolves with the promise, the abort, or after `ms`, whichever comes first. */
async function firstOf(signal: AbortSignal, promise: Promise<void>, ms?: number): Promise<void> {
  if (signal.aborted) return
  const other = Promise.withResolvers<void>()
  const end = () => other.resolve()
  const timer = ms === undefined ? undefined : setTimeout(end, ms)
  signal.addEventListener('abort', end, { once: true })
  await Promise.race([promise, other.promise])
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
}
