import { closeSync, openSync, readSync } from 'node:fs'
import { coded } from '../../model/index.ts'

const chunkBytes = 4 * 1024 * 1024
const newline = 10

export type Line = { readonly bytes: Buffer; readonly line: number }

/** The lines of a file that are not empty, with their numbers from 1 on. Holds a chunk and a line. */
export function* linesOf(path: string): Generator<Line> {
  const file = opened(path)
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    let rest: Buffer = Buffer.alloc(0)
    let line = 0
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, length)])
      let begin = 0
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, begin)) {
        line++
        if (end > begin) yield { bytes: bytes.subarray(begin, end), line }
        begin = end + 1
      }
      rest = bytes.subarray(begin)
    }
    if (rest.length > 0) yield { bytes: rest, line: line + 1 }
  } finally {
    closeSync(file)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (thrown) {
    throw coded(thrown, 'disk', `${path} cannot be read`)
  }
}
