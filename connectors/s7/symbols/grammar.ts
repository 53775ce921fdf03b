/** Declarations of data blocks and types, as SCL and AWL sources have them (IEC 61131-3, clause 2.3.3, with Siemens' keywords). */
import { Cursor } from './cursor.ts'

export type Bounds = readonly [low: number, high: number]
export type TypeRef =
  | { readonly kind: 'struct'; readonly members: readonly Member[] }
  /** A UDT or a type of the system. */
  | { readonly kind: 'named'; readonly name: string }
  /** In upper case; `characters` is the declared length of a STRING or WSTRING. */
  | { readonly kind: 'elementary'; readonly name: string; readonly characters?: number }

export type Member = {
  readonly name: string
  readonly type: TypeRef
  /** One a dimension; none of what is no array. */
  readonly bounds: readonly Bounds[]
  readonly comment?: string
}

/** `number` where the source tells it. */
export type Declaration = {
  readonly kind: 'DATA_BLOCK' | 'TYPE'
  readonly name: string
  readonly number?: number
  readonly type: TypeRef
  /** Optimised blocks have no offsets. */
  readonly isOptimised: boolean
}

/** Nothing that a person declares is deeper; the compilers allow eight. */
const mostLevels = 32
const defaultCharacters = 254
const others = ['FUNCTION', 'FUNCTION_BLOCK', 'ORGANIZATION_BLOCK']

/** What a source declares; functions and other blocks are passed over. @throws MillraceError `config-invalid` with the line */
export function parseSource(text: string): Declaration[] {
  const cursor = new Cursor(text)
  const declarations: Declaration[] = []
  while (!cursor.isAtEnd) {
    if (cursor.is('DATA_BLOCK', 'TYPE')) declarations.push(declaration(cursor))
    else if (cursor.is(...others)) cursor.skipTo(`END_${cursor.next().text.toUpperCase()}`)
    else cursor.next()
  }
  return declarations
}

function declaration(cursor: Cursor): Declaration {
  const kind = cursor.next().text.toUpperCase() as Declaration['kind']
  const { name, number } = blockName(cursor)
  const isOptimised = header(cursor)
  const type = body(cursor)
  cursor.skipTo(`END_${kind}`)
  cursor.expect(`END_${kind}`)
  return { kind, name, ...(number !== undefined && { number }), type, isOptimised }
}

/** `"DB_Press"`, `DB 10`, `UDT5`. */
function blockName(cursor: Cursor): { name: string; number?: number } {
  const isQuoted = cursor.token.kind === 'quoted'
  const word = cursor.name()
  if (isQuoted) return { name: word }
  const name = /^(DB|UDT)$/i.test(word) ? `${word}${cursor.integer()}` : word
  const number = /^DB(\d+)$/i.exec(name)?.[1]
  return { name, ...(number !== undefined && { number: Number(number) }) }
}

const flags = ['NON_RETAIN', 'RETAIN', 'READ_ONLY', 'UNLINKED', 'KNOW_HOW_PROTECT', 'STANDARD']

/** Passes over `AUTHOR : x` and what is like it. Whether the block has optimised access. */
function header(cursor: Cursor): boolean {
  let isOptimised = false
  for (;;) {
    const { kind, text } = cursor.token
    if (kind === 'attributes') {
      isOptimised ||= /S7_Optimized_Access\s*:=\s*'TRUE'/i.test(text)
      cursor.next()
    } else if (cursor.is(...flags)) cursor.next()
    else if (cursor.is('AUTHOR', 'FAMILY', 'NAME', 'VERSION')) cursor.skipLine()
    else return isOptimised
  }
}

function body(cursor: Cursor): TypeRef {
  if (!cursor.is('STRUCT', 'VAR')) return typeOf(cursor, 1)
  const members: Member[] = []
  while (cursor.is('STRUCT', 'VAR')) {
    const end = `END_${cursor.next().text.toUpperCase()}`
    while (cursor.is('RETAIN', 'NON_RETAIN')) cursor.next()
    members.push(...membersUntil(cursor, end, 1))
  }
  return { kind: 'struct', members }
}

function membersUntil(cursor: Cursor, end: string, level: number): Member[] {
  if (level > mostLevels) throw cursor.error(`structures in more than ${mostLevels} levels`)
  const members: Member[] = []
  while (!cursor.take(end)) members.push(member(cursor, level))
  cursor.take(';')
  return members
}

function member(cursor: Cursor, level: number): Member {
  const { line } = cursor.token
  const name = cursor.name()
  cursor.skipAttributes()
  cursor.expect(':')
  const bounds = cursor.take('ARRAY') ? dimensions(cursor) : []
  const typeLine = cursor.token.line
  const type = typeOf(cursor, level)
  if (type.kind !== 'struct') cursor.skipTo(';')
  const comment = cursor.comment(line) ?? cursor.comment(typeLine)
  if (type.kind !== 'struct') cursor.expect(';')
  return { name, type, bounds, ...(comment !== undefined && { comment }) }
}

function dimensions(cursor: Cursor): Bounds[] {
  const bounds: Bounds[] = []
  cursor.expect('[')
  do {
    const low = cursor.integer()
    cursor.expect('..')
    const high = cursor.integer()
    if (high < low) throw cursor.error(`an array from ${low} to ${high}`)
    bounds.push([low, high])
  } while (cursor.take(','))
  cursor.expect(']')
  cursor.expect('OF')
  return bounds
}

function typeOf(cursor: Cursor, level: number): TypeRef {
  if (cursor.take('STRUCT')) return { kind: 'struct', members: membersUntil(cursor, 'END_STRUCT', level + 1) }
  if (cursor.token.kind === 'quoted') return { kind: 'named', name: cursor.name() }
  const name = cursor.name().toUpperCase()
  if (/^(UDT|FB|SFB)$/.test(name)) return { kind: 'named', name: `${name}${cursor.integer()}` }
  if (name !== 'STRING' && name !== 'WSTRING') return { kind: 'elementary', name }
  if (!cursor.take('[')) return { kind: 'elementary', name, characters: defaultCharacters }
  const characters = cursor.integer()
  cursor.expect(']')
  return { kind: 'elementary', name, characters }
}
