import type { DraftTag } from '../../config/draft.ts'
import { draftMachine } from '../../config/draft-check.ts'
import type { Found } from '../../connectors/contract.ts'
import { MillraceError } from '../../model/index.ts'
import { kindAt } from '../kind-at.ts'
import { requireName, writeMachineFile } from '../machine-file.ts'
import { slowNotice } from '../slow-notice.ts'
import {
  declaredSource,
  givenOptions,
  plantHere,
  type SourceAt,
  type SourceOptions,
  undeclaredSource,
} from '../source-at.ts'

export type BrowseOptions = SourceOptions & {
  filter?: string
  depth?: number
  write?: string
  asset?: string
  line?: string
  force?: boolean
  json?: boolean
}

/** Prints what a device offers, as a tree, or writes it as a machine's file. Exit code 3: not all could be written. */
export async function browse(url: string, options: BrowseOptions): Promise<void> {
  const kind = kindAt(url)
  if (!kind.browse) {
    throw new MillraceError('unsupported', `${kind.kind} cannot tell what a device offers`, {
      hint: 'millrace import takes the tags from a list',
    })
  }
  const given = { endpoint: url, ...givenOptions(options) }
  const source =
    options.source !== undefined && options.write === undefined
      ? await declaredSource(await plantHere(options), options.source, given)
      : undeclaredSource(kind, given)
  const found = await foundIn(source, options)
  if (options.write !== undefined) return write(options.write, kind.kind, given, found, options)
  if (options.json) return void console.log(JSON.stringify(found))
  for (const node of found) console.log(lineOf(node, options.filter !== undefined))
  if (found.length === 0) console.error('Nothing found.')
}

/** Until the end of the walk or Ctrl-C. */
async function foundIn({ kind, options, stateDir }: SourceAt, chosen: BrowseOptions): Promise<Found[]> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const wanted = wantedBy(chosen)
  const found: Found[] = []
  let seen = 0
  const notice = slowNotice(() => `${seen} nodes seen, ${found.length} of them wanted`)
  try {
    // The options have passed this kind's schema; its type parameter is not known here.
    for await (const node of kind.browse!(options as never, stateDir, stop.signal)) {
      seen++
      if (wanted(node)) found.push(node)
    }
    return found
  } finally {
    notice.end()
  }
}

function wantedBy({ filter, depth = Number.POSITIVE_INFINITY }: BrowseOptions): (node: Found) => boolean {
  const text = filter?.toLowerCase()
  return ({ path, address }) => {
    if (path.length > depth) return false
    return text === undefined || (address !== undefined && path.join('/').toLowerCase().includes(text))
  }
}

function lineOf({ path, address, type, unit, description }: Found, whole: boolean): string {
  const name = whole ? path.join('/') : '  '.repeat(Math.max(path.length - 1, 0)) + (path.at(-1) ?? '')
  const facts = [
    address && Object.values(address).join(' '),
    type,
    unit && `[${unit}]`,
    description && `(${description})`,
  ].filter(fact => fact !== undefined && fact !== '')
  return [name, ...facts].join('  ')
}

type FoundTag = DraftTag & { readonly node: Found }

function write(
  file: string,
  connector: string,
  given: { readonly endpoint: string },
  found: readonly Found[],
  options: BrowseOptions,
): void {
  const tags = found.flatMap((node): FoundTag[] => {
    const { path, address, unit, description } = node
    if (address === undefined) return []
    const entry = { ...address, ...(unit && { unit }), ...(description && { description }) }
    return [{ path, entry, node }]
  })
  if (tags.length === 0) {
    throw new MillraceError('bad-address', `nothing to write: none of ${found.length} nodes can be read`, {
      hint: 'Widen --filter and --depth',
    })
  }
  const source = requireName(options.source ?? '', '--source')
  const comment = `Browsed at ${given.endpoint}. Yours to edit: units, ranges and signals are worth adding.`
  const draft = draftMachine({ source, connector, options: given }, tags, options, comment)
  writeMachineFile(file, draft.text, options.force)
  const refused = draft.refused.map(({ tag, why }) => ({ what: tag.path.join('/'), why }))
  if (refused.length > 0) process.exitCode = 3
  const told = { file, source, connector, assets: draft.assets, tags: draft.tags, refused }
  if (options.json) return void console.log(JSON.stringify(told))
  console.log(`${draft.tags} tags of ${draft.assets} asset${draft.assets === 1 ? '' : 's'} are in ${file}`)
  for (const { what, why } of refused) console.error(`${what}: ${why}`)
}
