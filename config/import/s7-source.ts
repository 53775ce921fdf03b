import { importDbSource } from '../../connectors/s7/index.ts'
import { type ListFormat, present } from './tag-list.ts'

/**
 * Data blocks as the TIA Portal and STEP 7 export their source. Numbers that a source does not tell come with the
 * source's own option, `--option "blockNumbers={DB_Press: 10}"`.
 */
export const s7Source: ListFormat = {
  name: 's7-source',
  title: 'data blocks as source, of the TIA Portal (.db, .scl) and STEP 7 (.awl)',
  connectors: ['s7'],
  recognises: text => /^\s*(DATA_BLOCK|TYPE)\s+\S/m.test(text),
  read(text, _connector, { blockNumbers = {} }) {
    const tags = importDbSource(text, blockNumbers as Record<string, number>)
    return {
      tags: tags.map(({ symbol, address, comment }) => ({
        line: lineOf(text, symbol),
        path: namesIn(symbol),
        entry: present({ address, description: comment }),
      })),
      notMapped: [],
    }
  },
}

/** `"DB_Press".Spindle."Oil Temp"` */
const namesIn = (symbol: string): string[] =>
  Array.from(symbol.matchAll(/"([^"]+)"|([^."]+)/g), ([, quoted, plain]) => quoted ?? plain ?? '')

/** A member of a type is declared once for all its blocks: what is told is where its block begins. */
function lineOf(text: string, symbol: string): number {
  const [block = ''] = namesIn(symbol)
  const begins = (line: string) => line.trimStart().startsWith('DATA_BLOCK') && line.includes(block)
  return text.split('\n').findIndex(begins) + 1
}
