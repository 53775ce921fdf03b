import { readFile } from 'node:fs/promises'
import { coded, MillraceError } from '../../../model/index.ts'
import { nearest } from '../../../model/nearest.ts'
import type { Shape } from './shape.ts'
import { addressOf, type BlockNumbers, blocksOf, type DataBlock } from './source.ts'

/** The data blocks of several files; a type may stand in another file than its blocks. @throws MillraceError `config-invalid` */
export async function loadSymbols(files: readonly string[], numbers: BlockNumbers): Promise<Symbols> {
  const texts = await Promise.all(files.map(read))
  try {
    return new Symbols(blocksOf(texts.join('\n'), numbers))
  } catch (thrown) {
    const { message, hint } = coded(thrown, 'config-invalid', 'the source cannot be read')
    throw new MillraceError('config-invalid', `${files.join(', ')}: ${message}`, { ...(hint && { hint }) })
  }
}

async function read(file: string): Promise<string> {
  const bytes = await readFile(file).catch(error => {
    throw coded(error, 'config-invalid', `the symbols in ${file} cannot be read`, {
      hint: 'Put the exported source there, readable for the service',
    })
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // STEP 7 writes in the code page of Windows.
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Looks symbols up, whatever their case. */
export class Symbols {
  readonly #blocks: readonly DataBlock[]

  constructor(blocks: readonly DataBlock[]) {
    this.#blocks = blocks
  }

  /** The absolute address of a value, an array of values or an element. @throws MillraceError `bad-address` with the nearest name */
  addressOf(symbol: string): string {
    const [first, ...steps] = segments(symbol)
    const block = this.#blocks.find(({ name }) => isSame(name, first!.name))
    if (!block || first!.indices) throw unknown(symbol, first!.name, this.#blocks)
    let at: { shape: Shape; offset: number } = { shape: block.shape, offset: 0 }
    for (const step of steps) at = into(at, step, symbol)
    const address = addressOf(at.shape, block.number, at.offset)
    if (address === undefined) {
      throw new MillraceError('bad-address', `${symbol} is a structure`, { hint: 'Name one of its members' })
    }
    return address
  }
}

type Segment = { readonly name: string; readonly indices?: readonly number[] }

function segments(symbol: string): Segment[] {
  const found: Segment[] = []
  const pattern = /(?:"([^"]+)"|([^".[\]]+))(?:\[([-\d\s,]+)\])?(\.|$)/y
  const text = symbol.trim()
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [, inQuotes, plain, indices, separator] = match
    found.push({ name: inQuotes ?? plain!, ...(indices && { indices: indices.split(',').map(Number) }) })
    if (separator === '') return found
  }
  throw new MillraceError('bad-address', `${symbol} is not a symbol`, {
    hint: 'Write it like "DB_Press".Spindle.Speed or "DB_Press".Tools[3].Wear',
  })
}

function into(
  { shape, offset }: { shape: Shape; offset: number },
  { name, indices }: Segment,
  symbol: string,
) {
  const members = shape.kind === 'struct' ? shape.members : []
  const member = members.find(member => isSame(member.name, name))
  if (!member) throw unknown(symbol, name, members)
  const at = { shape: member.shape, offset: offset + member.offset }
  return indices === undefined ? at : element(at, indices, symbol)
}

function element(
  { shape, offset }: { shape: Shape; offset: number },
  indices: readonly number[],
  symbol: string,
) {
  const bounds = shape.kind === 'array' ? shape.bounds : []
  const isWithin = indices.every((at, i) => bounds[i] && at >= bounds[i][0] && at <= bounds[i][1])
  if (shape.kind !== 'array' || bounds.length !== indices.length || !isWithin) {
    const declared = bounds.map(([low, high]) => `${low}..${high}`).join(',')
    throw new MillraceError('bad-address', `${symbol}: there is no element [${indices.join(',')}]`, {
      hint: declared ? `It is declared [${declared}]` : 'It is no array',
    })
  }
  const index = bounds.reduce((sum, [low, high], i) => sum * (high - low + 1) + indices[i]! - low, 0)
  return { shape: shape.of, offset: offset + index * shape.stride }
}

const isSame = (a: string, b: string): boolean => a.toUpperCase() === b.toUpperCase()

function unknown(symbol: string, name: string, among: readonly { readonly name: string }[]): MillraceError {
  const near = nearest(
    name,
    among.map(one => one.name),
  )
  return new MillraceError('bad-address', `${symbol}: the sources in \`symbols\` have no "${name}" there`, {
    hint: near ? `Did you mean ${near}?` : 'Export the block again after a change',
  })
}
