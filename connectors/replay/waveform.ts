import { open } from 'node:fs/promises'
import { endianness } from 'node:os'
import { MillraceError, status } from '../../model/index.ts'
import type { Options } from './options.ts'
import type { Frame } from './recording.ts'
import { timeOf } from './time.ts'

/** A block a frame, stamped with the time of its first sample; the last one may be shorter. */
export async function* waveformFrames(path: string, options: Options): AsyncGenerator<Frame> {
  const { sampleRateHz = 0, blockSamples = Math.ceil(sampleRateHz), start } = options
  const from = start === undefined ? 0 : (timeOf(start, 'auto') ?? 0)
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size % 4 !== 0) throw new MillraceError('bad-payload', `${path} has ${size} bytes: no float32 file`)
    for (let at = 0; at * 4 < size; at += blockSamples) {
      const bytes = Buffer.alloc(Math.min(blockSamples * 4, size - at * 4))
      await file.read(bytes, 0, bytes.length, at * 4)
      const t = from + Math.round((at / sampleRateHz) * 1e6)
      yield { t, readings: [{ name: '', t, value: floatsOf(bytes), status: status.good }] }
    }
  } finally {
    await file.close()
  }
}

function floatsOf(bytes: Buffer): Float32Array {
  if (endianness() === 'BE') bytes.swap32()
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}
