import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** The log of one process: never larger than twice `maxBytes` on disk, and never the cause of anybody's end. */
export type LogFile = {
  /** What cannot be written is dropped; how much, the log tells once it can be written again. */
  write(chunk: Buffer): void
  close(): void
}

/** Opens with the first write, mode 0600; when `maxBytes` are reached the file becomes `<path>.1`. */
export function openLogFile(path: string, maxBytes = 10 << 20): LogFile {
  let file: number | undefined
  let size = 0
  let dropped = 0

  const open = (): number => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const opened = openSync(path, 'a', 0o600)
    size = fstatSync(opened).size
    return opened
  }
  const close = (): void => {
    if (file !== undefined) closeSync(file)
    file = undefined
  }
  const put = (chunk: Buffer): void => {
    file ??= open()
    if (size > 0 && size + chunk.length > maxBytes) {
      close()
      renameSync(path, `${path}.1`)
      file = open()
    }
    size += writeSync(file, chunk)
  }

  return {
    write(chunk) {
      try {
        if (dropped > 0) put(Buffer.from(`(${dropped} bytes could not be logged)\n`))
        dropped = 0
        put(chunk)
      } catch {
        dropped += chunk.length
      }
    },
    close,
  }
}
