/** Tokens of a source as the TIA Portal (`.db`, `.udt`, `.scl`) and STEP 7 (`.awl`) export it. */

/**
 *   word        a keyword, a type, or a name without quotes
 *   quoted      a name in double quotes, without them
 *   attributes  what stands in braces, `S7_Optimized_Access := 'FALSE'`
 *   sign        anything else, also numbers and texts, as it stands
 */
export type Token = {
  readonly kind: 'word' | 'quoted' | 'attributes' | 'sign' | 'end'
  readonly text: string
  readonly line: number
}

export type Lexed = {
  readonly tokens: readonly Token[]
  /** What stands behind `//`, by line. */
  readonly comments: ReadonlyMap<number, string>
}

const pattern = new RegExp(
  [
    '(?<blank>\\s+)',
    '//(?<comment>[^\\n]*)',
    '(?<remark>\\(\\*[^]*?(?:\\*\\)|$)|/\\*[^]*?(?:\\*/|$))',
    '\\{(?<attributes>[^}]*)\\}?',
    '"(?<quoted>[^"\\n]*)"?',
    // $' is a quote within a text.
    "(?<text>'(?:\\$.|[^'$\\n])*(?:'|\\$)?)",
    '(?<word>[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)',
    '(?<sign>\\d+|\\.\\.|:=|[^])',
  ].join('|'),
  'y',
)

/** Takes every text; one pass over it. The title of a block, which follows no rules, is left out. */
export function lex(source: string): Lexed {
  const tokens: Token[] = []
  const comments = new Map<number, string>()
  const text = source.replace(/^\ufeff/, '').replace(/^[ \t]*TITLE[ \t]*=.*$/gim, '')
  pattern.lastIndex = 0
  let line = 1
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const { comment, attributes, quoted, word, text: literal, sign } = match.groups!
    if (comment !== undefined) comments.set(line, comment.trim())
    else if (attributes !== undefined) tokens.push({ kind: 'attributes', text: attributes, line })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted, line })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line })
    else if (literal !== undefined || sign !== undefined) {
      tokens.push({ kind: 'sign', text: literal ?? sign!, line })
    }
    line += lineEnds(match[0])
  }
  tokens.push({ kind: 'end', text: 'the end of the file', line })
  return { tokens, comments }
}

function lineEnds(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}
