import { MillraceError } from '../../../model/index.ts'
import { type Declaration, parseSource } from './grammar.ts'
import { elements, type Shape, Shapes } from './shape.ts'

/** A data block whose number and offsets are known. */
export type DataBlock = { readonly name: string; readonly number: number; readonly shape: Shape }
/** Numbers of data blocks by name, where the source does not tell them (the TIA Portal's never do). */
export type BlockNumbers = Readonly<Record<string, number>>

/** One line of a tag list: `"DB_Press".Spindle.Speed`, `DB10,REAL4`, `REAL`, the comment of the declaration. */
export type SourceTag = {
  readonly symbol: string
  readonly address: string
  readonly type: string
  readonly comment?: string
}

const mostTags = 100_000

/**
 * The tags of the data blocks in a source that the TIA Portal or STEP 7 has exported, in their order; arrays of
 * elementary types are one tag, arrays of structures one for each member of each element. Pure.
 * @throws MillraceError `config-invalid`: with the line, on what is no such source; on optimised blocks, blocks without
 * a number, and types that the source does not declare
 */
export function importDbSource(text: string, numbers: BlockNumbers = {}): SourceTag[] {
  const tags: SourceTag[] = []
  for (const block of blocksOf(text, numbers)) {
    for (const tag of tagsOf(block)) {
      if (tags.push(tag) > mostTags) {
        throw new MillraceError('config-invalid', `the source has more than ${mostTags} tags`, {
          hint: 'Export only the blocks that are wanted',
        })
      }
    }
  }
  return tags
}

/** The data blocks of a source. @throws MillraceError as importDbSource */
export function blocksOf(text: string, numbers: BlockNumbers): DataBlock[] {
  const declarations = parseSource(text)
  const shapes = new Shapes(declarations)
  const blocks = declarations.filter(({ kind }) => kind === 'DATA_BLOCK')
  if (blocks.length === 0) {
    throw new MillraceError('config-invalid', 'the source declares no data block', {
      hint: 'In the TIA Portal choose "Generate source from blocks", in STEP 7 "Generate source"',
    })
  }
  return blocks.map(block => ({
    name: block.name,
    number: numberOf(block, numbers),
    shape: shapes.of(block.type),
  }))
}

function numberOf({ name, number, isOptimised }: Declaration, numbers: BlockNumbers): number {
  if (isOptimised) {
    throw new MillraceError(
      'config-invalid',
      `the data block "${name}" has optimised access: it has no addresses`,
      {
        hint: 'Untick "Optimized block access" in its properties, compile, load it and export it again; or use OPC UA',
      },
    )
  }
  const known = number ?? (Object.hasOwn(numbers, name) ? numbers[name] : undefined)
  if (known !== undefined) return known
  throw new MillraceError(
    'config-invalid',
    `the source does not tell the number of the data block "${name}"`,
    {
      hint: `Give it, as the project tree shows it: { ${name}: 10 }`,
    },
  )
}

function* tagsOf({ name, number, shape }: DataBlock): Generator<SourceTag> {
  yield* walk(shape, blockSymbol(name), number, 0)
}

function* walk(
  shape: Shape,
  symbol: string,
  db: number,
  offset: number,
  comment?: string,
): Generator<SourceTag> {
  const address = addressOf(shape, db, offset)
  if (address !== undefined)
    yield { symbol, address, type: typeText(shape), ...(comment !== undefined && { comment }) }
  else if (shape.kind === 'struct') {
    for (const member of shape.members) {
      yield* walk(
        member.shape,
        `${symbol}.${quoted(member.name)}`,
        db,
        offset + member.offset,
        member.comment,
      )
    }
  } else if (shape.kind === 'array') {
    for (let i = 0; i < elements(shape.bounds); i++) {
      yield* walk(shape.of, `${symbol}[${indices(shape.bounds, i)}]`, db, offset + i * shape.stride, comment)
    }
  }
}

/** In the syntax of nodes7; undefined for what is no value and no array of values. */
export function addressOf(shape: Shape, db: number, offset: number): string | undefined {
  const value = shape.kind === 'array' ? shape.of : shape
  if (value.kind !== 'value') return undefined
  const { type, characters } = value
  const count = shape.kind === 'array' ? `.${elements(shape.bounds)}` : ''
  const detail = type === 'BOOL' ? `.${offset % 8}` : characters > 0 ? `.${characters}` : ''
  return `DB${db},${type === 'BOOL' ? 'X' : type}${Math.floor(offset / 8)}${detail}${count}`
}

function typeText(shape: Shape): string {
  if (shape.kind === 'array') {
    return `ARRAY[${shape.bounds.map(([low, high]) => `${low}..${high}`).join(',')}] OF ${typeText(shape.of)}`
  }
  if (shape.kind !== 'value') return ''
  return shape.characters > 0 ? `${shape.type}[${shape.characters}]` : shape.type
}

function indices(bounds: Parameters<typeof elements>[0], index: number): string {
  let rest = index
  const found = bounds.toReversed().map(([low, high]) => {
    const size = high - low + 1
    const at = low + (rest % size)
    rest = Math.floor(rest / size)
    return at
  })
  return found.reverse().join(',')
}

const blockSymbol = (name: string): string => (/^DB\d+$/i.test(name) ? name : `"${name}"`)
const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `"${name}"`)
