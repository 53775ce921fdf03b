import { MillraceError } from '../../model/index.ts'
import type { Found } from '../contract.ts'
import type { Options } from './options.ts'
import { formatOf, framesOf } from './recording.ts'

/** The columns or recorded tags of a recording, in the order of their first value. An f32 has nothing to choose from. */
export async function* browse(
  options: Options,
  _stateDir: string,
  signal: AbortSignal,
): AsyncGenerator<Found> {
  const seen = new Set<string>()
  for await (const { readings } of framesOf(options)) {
    signal.throwIfAborted()
    for (const { name, asset, value } of readings) {
      const column = asset === undefined ? name : `${asset}/${name}`
      if (seen.has(column)) continue
      seen.add(column)
      const path = asset === undefined ? [name || 'waveform'] : [...asset.split('/'), name]
      const address = formatOf(options) === 'f32' ? {} : { column }
      yield { path, address, type: value instanceof Float32Array ? 'float32 block' : typeof value }
    }
  }
}

/** `file:///var/recordings/press.csv#OilTemp` */
export function locate(url: string): { options: { endpoint: string }; address: { column: string } } {
  const [endpoint = '', column = ''] = url.split('#', 2).map(decodeURIComponent)
  if (column !== '') return { options: { endpoint: url.split('#', 1)[0]! }, address: { column } }
  throw new MillraceError('bad-address', `"${url}" does not say which column`, {
    hint: `Write ${endpoint}#COLUMN; millrace browse ${endpoint} lists them`,
  })
}
