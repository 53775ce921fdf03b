/**
 * Where the members of a block with standard access are (STEP 7, "Structure of the data types"): bits are packed, single
 * bytes follow each other, everything longer and every structure and array begins at an even byte and ends at one.
 */
import { MillraceError } from '../../../model/index.ts'
import { type TypeName, typeBytes } from '../address.ts'
import type { Bounds, Declaration, Member, TypeRef } from './grammar.ts'

/** Offsets and lengths are in bits. `opaque` takes its place and has no value: a pointer. */
export type Shape =
  | { readonly kind: 'value'; readonly type: TypeName; readonly characters: number; readonly bits: number }
  | { readonly kind: 'opaque'; readonly bits: number }
  | { readonly kind: 'struct'; readonly members: readonly Placed[]; readonly bits: number }
  | ArrayShape
export type ArrayShape = {
  readonly kind: 'array'
  readonly of: Shape
  readonly bounds: readonly Bounds[]
  readonly stride: number
  readonly bits: number
}
export type Placed = {
  readonly name: string
  readonly offset: number
  readonly shape: Shape
  readonly comment?: string
}

const mostBits = 65_536 * 8
/** Types within types; far beyond what is declared. */
const mostTypes = 64
const word = 16
const even = (bits: number): number => Math.ceil(bits / word) * word

const otherNames: Readonly<Record<string, TypeName>> = {
  DT: 'DATE_AND_TIME',
  TIME_OF_DAY: 'TOD',
  LTIME_OF_DAY: 'LTOD',
  DATE_AND_LTIME: 'LDT',
  DB_ANY: 'UINT',
  HW_ANY: 'UINT',
  HW_IO: 'UINT',
}
/** Names of ours, and types that a block holds no value of. */
const notDeclared = new Set(['DTZ', 'DTLZ', 'TIMER', 'COUNTER'])
const opaqueBytes: Readonly<Record<string, number>> = { POINTER: 6, ANY: 10, TIMER: 2, COUNTER: 2 }

/** Shapes of the types that a source declares, each made once. */
export class Shapes {
  readonly #types: ReadonlyMap<string, TypeRef>
  readonly #made = new Map<string, Shape>()
  readonly #making = new Set<string>()

  constructor(declarations: readonly Declaration[]) {
    const types = declarations.filter(({ kind }) => kind === 'TYPE')
    this.#types = new Map(types.map(({ name, type }) => [name.toUpperCase(), type]))
  }

  /** @throws MillraceError `config-invalid` where the source does not say how long something is */
  of(type: TypeRef): Shape {
    switch (type.kind) {
      case 'struct':
        return this.#struct(type.members)
      case 'named':
        return this.#named(type.name)
      case 'elementary':
        return elementary(type.name, type.characters) ?? this.#named(type.name)
    }
  }

  #named(name: string): Shape {
    const key = name.toUpperCase()
    const made = this.#made.get(key)
    if (made) return made
    const type = this.#types.get(key)
    if (type === undefined) {
      throw invalid(
        `the type "${name}" is not in the source`,
        'Export it as well; without it no later offset is known',
      )
    }
    if (this.#making.has(key)) throw invalid(`the type "${name}" contains itself`, 'Export it again')
    if (this.#making.size >= mostTypes)
      throw invalid(`"${name}" is a type in ${mostTypes} others`, 'Export it again')
    this.#making.add(key)
    const shape = this.of(type)
    this.#making.delete(key)
    this.#made.set(key, shape)
    return shape
  }

  #struct(members: readonly Member[]): Shape {
    const placed: Placed[] = []
    let end = 0
    for (const { name, type, bounds, comment } of members) {
      const shape = bounds.length > 0 ? arrayOf(this.of(type), bounds, name) : this.of(type)
      if (isOddText(placed.at(-1)?.shape) && alignment(shape) < word) {
        throw invalid(
          `"${name}" follows a text of an odd length`,
          'Whether a byte is left free between them is not certain: declare the text with an even length',
        )
      }
      const offset = Math.ceil(end / alignment(shape)) * alignment(shape)
      placed.push({ name, offset, shape, ...(comment !== undefined && { comment }) })
      end = offset + shape.bits
      if (end > mostBits) throw invalid(`"${name}" ends beyond 64 KiB`, 'No block is longer')
    }
    if (end === 0) throw invalid('a structure without members', 'Export it again')
    return { kind: 'struct', members: placed, bits: even(end) }
  }
}

/** Elements of an array over all dimensions. */
export function elements(bounds: readonly Bounds[]): number {
  return bounds.reduce((count, [low, high]) => count * (high - low + 1), 1)
}

function elementary(name: string, characters = 0): Shape | undefined {
  const type = otherNames[name] ?? (name in typeBytes ? (name as TypeName) : undefined)
  if (type !== undefined && !notDeclared.has(name)) {
    if (characters > (type === 'WSTRING' ? 16_382 : 254) || (isText(type) && characters < 1)) {
      throw invalid(`a ${type} of ${characters} characters`, 'Export it again')
    }
    const bytes = typeBytes[type] + (type === 'WSTRING' ? 2 : 1) * characters
    return { kind: 'value', type, characters, bits: type === 'BOOL' ? 1 : 8 * bytes }
  }
  const bytes = opaqueBytes[name]
  return bytes === undefined ? undefined : { kind: 'opaque', bits: 8 * bytes }
}

const isText = (type: TypeName): boolean => type === 'STRING' || type === 'WSTRING'

function isOddText(shape: Shape | undefined): boolean {
  return shape?.kind === 'value' && isText(shape.type) && shape.bits % word !== 0
}

function alignment({ kind, bits }: Shape): number {
  return kind === 'value' && bits <= 8 ? bits : word
}

function arrayOf(of: Shape, bounds: readonly Bounds[], name: string): ArrayShape {
  const stride = of.kind === 'value' && of.bits <= 8 ? of.bits : even(of.bits)
  const bits = elements(bounds) * stride
  if (bits > mostBits) throw invalid(`"${name}" is longer than 64 KiB`, 'No block is longer')
  const [low, high] = bounds.at(-1)!
  // How the rows of such arrays are padded differs between the families of controllers.
  if (bounds.length > 1 && ((high - low + 1) * stride) % word !== 0) {
    throw invalid(
      `"${name}" is an array of several dimensions with rows of no whole words`,
      'Take such an array apart, or place it last in the block and read it by absolute addresses',
    )
  }
  return { kind: 'array', of, bounds, stride, bits: even(bits) }
}

function invalid(what: string, hint: string): MillraceError {
  return new MillraceError('config-invalid', `a block of the source: ${what}`, { hint })
}
