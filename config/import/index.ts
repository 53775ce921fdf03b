import { MillraceError } from '../../model/index.ts'
import { genericCsv } from './generic-csv.ts'
import { kepware } from './kepware.ts'
import { s7Source } from './s7-source.ts'
import type { ListFormat } from './tag-list.ts'
import { tia } from './tia.ts'

export type { ListedTag, NotMapped, TagList } from './tag-list.ts'

/** Every kind of tag list, the most particular first. A new one is a file here, and a line. */
export const listFormats: readonly ListFormat[] = [s7Source, kepware, tia, genericCsv]

/** @throws MillraceError `config-invalid` naming the formats there are */
export function formatNamed(name: string, text: string): ListFormat {
  const format =
    name === 'auto'
      ? listFormats.find(candidate => candidate.recognises(text))
      : listFormats.find(candidate => candidate.name === name)
  if (format) return format
  const list = listFormats.map(known => `${known.name} (${known.title})`).join('; ')
  const what = name === 'auto' ? 'the file is no tag list that is known' : `there is no format "${name}"`
  throw new MillraceError('config-invalid', what, { hint: `Formats are ${list}` })
}
