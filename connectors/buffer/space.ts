import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const lookEveryMs = 1_000
/** As large as the write-ahead log becomes before it is begun again: enough to acknowledge any batch. */
const reserveBytes = 8 << 20

/** Free bytes of a file's disk, for us; looked up at most once a second. Never throws. */
export class FreeSpace {
  readonly #dir: string
  #bytes = Number.POSITIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(file: string) {
    this.#dir = dirname(file)
  }

  bytes(): number {
    const now = performance.now()
    if (now - this.#lookedAt < lookEveryMs) return this.#bytes
    this.#lookedAt = now
    try {
      const { bavail, bsize } = statfsSync(this.#dir)
      this.#bytes = bavail * bsize
    } catch {
      this.#bytes = Number.POSITIVE_INFINITY // the write itself will tell
    }
    return this.#bytes
  }

  /** So many bytes were written: until the next look they count as taken twice, in the log and in the file. */
  wrote(bytes: number): void {
    this.#bytes -= 2 * bytes
  }
}

/**
 * Space that is taken while there is enough and given back when the disk is full: to take an acknowledged batch out of
 * the buffer needs room in the write-ahead log first, and without it a full disk could never be emptied.
 */
export class Reserve {
  readonly #file: string

  constructor(databaseFile: string) {
    this.#file = `${databaseFile}-reserve`
  }

  /** Takes it unless it is there. Whoever calls knows that there is space. */
  take(): void {
    if (existsSync(this.#file)) return
    try {
      this.#write()
    } catch {
      rmSync(this.#file, { force: true }) // the disk is too full for it
    }
  }

  /** Whether there was something to give back. */
  give(): boolean {
    if (!existsSync(this.#file)) return false
    rmSync(this.#file, { force: true })
    return true
  }

  #write(): void {
    const file = openSync(this.#file, 'w', 0o600)
    try {
      const block = Buffer.alloc(1 << 20)
      for (let at = 0; at < reserveBytes; at += block.length) writeSync(file, block)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}
