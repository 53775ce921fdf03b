import { coded, MillraceError, type Tag } from '../../../model/index.ts'
import type { Source } from '../../contract.ts'
import type { Options, TagAddress } from '../options.ts'
import { isSymbol } from '../symbol.ts'
import { loadSymbols, type Symbols } from './table.ts'

type S7Source = Source<Options, TagAddress>
type Declared = S7Source['tags'][number]

/** A source whose addresses are all absolute, and the tags that have none. */
export type Resolved = {
  readonly source: S7Source
  readonly unresolved: readonly { readonly tag: Tag; readonly problem: MillraceError }[]
}

/** Reads the files in `symbols` if a tag needs them. @throws MillraceError `config-invalid` when they cannot be read */
export async function resolveSymbols(source: S7Source): Promise<Resolved> {
  const { tags, options } = source
  if (!tags.some(({ address }) => isSymbol(address.address))) return { source, unresolved: [] }
  const symbols = await loadSymbols(options.symbols, options.blockNumbers)
  const results = tags.map(declared => resolve(declared, symbols))
  const missing = new Set(results.filter(({ problem }) => problem).map(({ declared }) => declared.tag))
  const found = results.map(result => ({
    ...result,
    problem: result.problem ?? timeless(result.declared, missing),
  }))
  return {
    source: { ...source, tags: found.filter(({ problem }) => !problem).map(({ declared }) => declared) },
    unresolved: found.flatMap(({ declared: { tag }, problem }) => (problem ? [{ tag, problem }] : [])),
  }
}

function resolve(declared: Declared, symbols: Symbols): { declared: Declared; problem?: MillraceError } {
  const { address } = declared.address
  if (!isSymbol(address)) return { declared }
  try {
    return {
      declared: { ...declared, address: { ...declared.address, address: symbols.addressOf(address) } },
    }
  } catch (thrown) {
    return { declared, problem: coded(thrown, 'bad-address', address) }
  }
}

/** A tag whose time field is not found has no time, and so no step that it could be read of. */
function timeless(
  { tag, address: { timeFrom } }: Declared,
  missing: ReadonlySet<Tag>,
): MillraceError | undefined {
  if (timeFrom === undefined) return undefined
  const names = [`${tag.asset}/${timeFrom}`, timeFrom]
  const isMissing = [...missing].some(({ asset, name }) => names.includes(`${asset}/${name}`))
  if (!isMissing) return undefined
  return new MillraceError('bad-address', `the address of ${timeFrom}, which holds its time, is not found`, {
    hint: `Mend the address of ${timeFrom}`,
  })
}
