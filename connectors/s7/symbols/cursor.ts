import { MillraceError } from '../../../model/index.ts'
import { lex, type Token } from './lexer.ts'

/** Reads the tokens of a source one after the other. Keywords are the same in upper and lower case. */
export class Cursor {
  readonly #tokens: readonly Token[]
  readonly #comments: ReadonlyMap<number, string>
  #at = 0

  constructor(source: string) {
    const { tokens, comments } = lex(source)
    this.#tokens = tokens
    this.#comments = comments
  }

  /** Stays at the end once it is there. */
  get token(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end'
  }

  next(): Token {
    const { token } = this
    this.#at++
    return token
  }

  /** Whether the token is one of these keywords or signs. */
  is(...texts: readonly string[]): boolean {
    const { kind, text } = this.token
    return kind !== 'quoted' && kind !== 'end' && texts.includes(text.toUpperCase())
  }

  /** Takes the keyword or sign if it comes next. */
  take(text: string): boolean {
    const isNext = this.is(text)
    if (isNext) this.next()
    return isNext
  }

  /** @throws MillraceError `config-invalid` when it does not come next */
  expect(text: string): void {
    if (!this.take(text)) throw this.error(`${text} is missing before "${this.token.text}"`)
  }

  /** A name, quoted or not. @throws MillraceError `config-invalid` */
  name(): string {
    const { kind, text } = this.token
    if ((kind !== 'word' && kind !== 'quoted') || text === '') throw this.error(`"${text}" is not a name`)
    this.next()
    return text
  }

  /** A whole number, also a negative one. @throws MillraceError `config-invalid` */
  integer(): number {
    const sign = this.take('-') ? -1 : 1
    const { text } = this.token
    if (!/^\d{1,9}$/.test(text)) throw this.error(`"${text}" is not a number; constants cannot be looked up`)
    this.next()
    return sign * Number(text)
  }

  /** Whether the next token stands on another line than this one. */
  skipLine(): void {
    const { line } = this.token
    while (!this.isAtEnd && this.token.line === line) this.next()
  }

  /** Passes over everything up to one of these, which comes next then. */
  skipTo(...texts: readonly string[]): void {
    while (!this.isAtEnd && !this.is(...texts)) this.next()
  }

  skipAttributes(): void {
    while (this.token.kind === 'attributes') this.next()
  }

  comment(line: number): string | undefined {
    return this.#comments.get(line) || undefined
  }

  error(
    what: string,
    hint = 'Export the block again from the TIA Portal or STEP 7, as a source',
  ): MillraceError {
    return new MillraceError('config-invalid', `line ${this.token.line} of the source: ${what}`, { hint })
  }
}
