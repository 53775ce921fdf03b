import { basename } from 'node:path'
import { MillraceError, segmentOf, type Tag } from '../../model/index.ts'
import type { Source } from '../contract.ts'
import type { Address, Options } from './options.ts'
import { formatOf, pathOf, type Reading } from './recording.ts'

export type Declared = { readonly tag: Tag; readonly column: string }

/** The tag of a reading; undefined where tags are declared and none is this one. */
export type TagOf = (reading: Reading) => Tag | undefined

export function declaredTags({ tags }: Source<Options, Address>): Declared[] {
  return tags.map(({ tag, address }) => ({ tag, column: address.column ?? tag.name }))
}

/** Where tags are declared, those; else every column becomes a tag of its own. */
export function tagFinder(source: Source<Options, Address>): TagOf {
  const declared = declaredTags(source)
  if (declared.length === 0) return discovering(source.options)
  if (formatOf(source.options) === 'f32') return () => declared[0]!.tag
  const byColumn = new Map(declared.map(({ tag, column }) => [column, tag]))
  return ({ name, asset }) => byColumn.get(`${asset}/${name}`) ?? byColumn.get(name)
}

function discovering(options: Options): TagOf {
  const found = new Map<string, Tag>()
  let recorded: string | undefined
  return ({ name, asset }) => {
    recorded ??= asset
    if (options.asset !== undefined && asset !== recorded) throw severalAssets(options, recorded, asset)
    const of = options.asset ?? asset ?? ''
    const known = found.get(`${of} ${name}`)
    if (known) return known
    const tag = discovered(options, of, name)
    found.set(`${of} ${name}`, tag)
    return tag
  }
}

function discovered(options: Options, asset: string, column: string): Tag {
  if (formatOf(options) !== 'f32') return { asset, name: segmentOf(column) || 'unnamed', class: 'telemetry' }
  const own = segmentOf(basename(pathOf(options)).replace(/\.[^.]*$/, ''))
  const name = options.waveformTag ?? (own || 'waveform')
  return { asset, name, class: 'waveform', sampleRateHz: options.sampleRateHz ?? 0 }
}

function severalAssets({ endpoint, asset }: Options, first = '', second = ''): MillraceError {
  return new MillraceError(
    'bad-payload',
    `${endpoint} is of several assets (${first}, ${second}), and cannot be played as ${asset}`,
    { hint: 'Leave asset out, or declare the tags to play' },
  )
}
