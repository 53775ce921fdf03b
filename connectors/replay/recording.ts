/** What every format of a recording gives: readings in the order of the file, a row, record or block at a time. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { coded, type Micros, MillraceError, type StatusCode, type Value } from '../../model/index.ts'
import { jsonLineFrames } from './json-lines.ts'
import type { Options } from './options.ts'
import { waveformFrames } from './waveform.ts'

export type Reading = {
  /** What stands in the file: the name of a column or tag; empty where the file holds one tag without a name. */
  readonly name: string
  /** Where the file says whose reading it is. */
  readonly asset?: string
  readonly t: Micros
  readonly value: Value
  readonly status: StatusCode
  readonly code?: number
  readonly picoseconds?: number
}

/** `t` is the newest time in it: when it was complete. */
export type Frame = { readonly t: Micros; readonly readings: readonly Reading[] }

export type Recording = {
  /** Of the content of the file. */
  readonly sha256: string
  readonly frames: number
  readonly first: Micros
  readonly last: Micros
  /** Names as `name`, and as `asset/name` where the file says whose they are. */
  readonly names: ReadonlySet<string>
}

/** @throws MillraceError `bad-payload` naming file and line, `disk` */
export function framesOf(options: Options): AsyncIterable<Frame> {
  const path = pathOf(options)
  switch (formatOf(options)) {
    case 'csv':
      return csvFrom(path, options)
    case 'json-lines':
      return jsonLineFrames(path)
    default:
      return waveformFrames(path, options)
  }
}

async function* csvFrom(path: string, options: Options): AsyncGenerator<Frame> {
  const { csvFrames } = await import('./csv.ts')
  yield* csvFrames(path, options)
}

const extensions: Readonly<Record<string, Exclude<Options['format'], 'auto'>>> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  jsonl: 'json-lines',
  ndjson: 'json-lines',
  json: 'json-lines',
  f32: 'f32',
}

/** @throws MillraceError `config-invalid` when neither option nor name tells */
export function formatOf({ format, endpoint }: Options): Exclude<Options['format'], 'auto'> {
  if (format !== 'auto') return format
  const known = extensions[endpoint.slice(endpoint.lastIndexOf('.') + 1).toLowerCase()]
  if (known) return known
  throw new MillraceError('config-invalid', `the name of ${endpoint} does not tell the format`, {
    hint: 'Set format to csv, json-lines or f32',
  })
}

export function pathOf({ endpoint }: Options): string {
  return fileURLToPath(endpoint)
}

/**
 * Reads the whole recording once, so that what is wrong with it is told before any of it is played.
 * @throws MillraceError `bad-payload` naming file and line, `disk`
 */
export async function survey(options: Options, signal: AbortSignal): Promise<Recording> {
  const path = pathOf(options)
  let first: Micros | undefined
  let last = Number.NEGATIVE_INFINITY
  let frames = 0
  const names = new Set<string>()
  try {
    for await (const frame of framesOf(options)) {
      signal.throwIfAborted()
      first ??= frame.t
      last = Math.max(last, frame.t)
      frames++
      for (const { name, asset } of frame.readings) {
        names.add(name)
        if (asset !== undefined) names.add(`${asset}/${name}`)
      }
    }
    if (first === undefined) throw new MillraceError('bad-payload', `${path} holds no samples`)
    return { sha256: await hashOf(path), frames, first, last, names }
  } catch (thrown) {
    throw coded(thrown, 'disk', `the recording ${path} cannot be read`)
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
