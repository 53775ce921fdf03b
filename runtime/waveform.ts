import type { InRecord } from '../edge-broker/kafka.ts'
import { MillraceError, type WaveformBlock } from '../model/index.ts'

/**
 * A waveform block as the topic `waveforms` carries it: float32 little endian, everything else in headers.
 * @throws MillraceError `bad-payload`, naming the header
 */
export function waveformOf({ headers, value }: InRecord): WaveformBlock {
  const text = (name: string): string => {
    const header = headers.get(name)
    if (header === undefined)
      throw new MillraceError('bad-payload', `a waveform without the header "${name}"`)
    return header
  }
  const number = (name: string): number => {
    const parsed = Number(text(name))
    if (!Number.isFinite(parsed))
      throw new MillraceError('bad-payload', `the header "${name}" is not a number`)
    return parsed
  }
  const bytes = value ?? Buffer.alloc(0)
  if (bytes.length % 4 !== 0) {
    throw new MillraceError('bad-payload', `${bytes.length} bytes are not a whole number of float32`)
  }
  const samples = new Float32Array(bytes.length / 4)
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readFloatLE(i * 4)
  return {
    asset: text('asset'),
    tag: text('tag'),
    source: text('source'),
    epoch: number('epoch'),
    seq: number('seq'),
    t: number('t'),
    rateHz: number('rateHz'),
    unit: text('unit'),
    status: number('status'),
    samples,
  }
}
