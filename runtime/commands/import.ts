import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Draft, draftMachine } from '../../config/draft-check.ts'
import { formatNamed, type ListedTag, type NotMapped, type TagList } from '../../config/import/index.ts'
import { sourceOptions } from '../../config/source-options.ts'
import { coded, MillraceError } from '../../model/index.ts'
import { kindAt } from '../kind-at.ts'
import { machinePath, requireName, writeMachineFile } from '../machine-file.ts'
import { optionList } from '../option-list.ts'

export type ImportOptions = {
  format: string
  source: string
  endpoint: string
  asset?: string
  line?: string
  plant?: string
  write?: string
  force?: boolean
  option?: string[]
  json?: boolean
}

/** Writes a machine's file from a tag list, and tells what it could not take over. Exit code 3 when there is any. */
export function importTags(path: string, options: ImportOptions): void {
  const source = requireName(options.source, '--source')
  const kind = kindAt(options.endpoint)
  const given = { endpoint: options.endpoint, ...optionList(options.option) }
  sourceOptions(kind, given)
  const { format, list } = readList(path, options.format, kind.kind, given)
  if (list.tags.length === 0) throw nothing(path, list)
  const comment = `Imported from ${basename(path)} (${format}). Yours to edit: units, ranges and signals are worth adding.`
  const head = { source, connector: kind.kind, options: given }
  const draft = draftMachine(head, list.tags, options, comment)
  const notMapped = [...list.notMapped, ...refused(draft)].toSorted((a, b) => a.line - b.line)
  const target = machinePath(source, options)
  if (target !== undefined) writeMachineFile(target, draft.text, options.force)
  if (notMapped.length > 0) process.exitCode = 3
  if (options.json) {
    const { assets, tags, text } = draft
    const where = target === undefined ? { text } : { file: target }
    console.log(JSON.stringify({ format, source, connector: kind.kind, assets, tags, notMapped, ...where }))
  } else tell(path, draft, notMapped, target)
}

function readList(
  path: string,
  name: string,
  connector: string,
  options: Readonly<Record<string, unknown>>,
): { format: string; list: TagList } {
  const text = readText(path)
  const format = formatNamed(name, text)
  if (format.connectors && !format.connectors.includes(connector)) {
    throw new MillraceError('config-invalid', `${path} is ${format.title}, which is not for ${connector}`, {
      hint: `Give an endpoint of ${format.connectors.join(' or ')}`,
    })
  }
  return { format: format.name, list: format.read(text, connector, options) }
}

/** UTF-8 or UTF-16 with its mark; else as Windows writes it in western Europe. */
function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      return new TextDecoder('windows-1252').decode(bytes)
    }
  } catch (thrown) {
    throw coded(thrown, 'disk', `${path} cannot be read`)
  }
}

function nothing(path: string, { notMapped }: TagList): MillraceError {
  const [first] = notMapped
  const why = first ? `: ${path}:${first.line}: ${first.what}: ${first.why}` : ''
  return new MillraceError('bad-payload', `${path} holds no tag that can be taken over${why}`)
}

function refused({ refused }: Draft<ListedTag>): NotMapped[] {
  return refused.map(({ tag, why }) => ({ line: tag.line, what: tag.path.join('.'), why }))
}

function tell(
  path: string,
  { tags, assets, text }: Draft<ListedTag>,
  notMapped: readonly NotMapped[],
  target?: string,
): void {
  if (target === undefined) process.stdout.write(text)
  else
    console.log(
      `${tags} tags of ${assets} asset${assets === 1 ? '' : 's'} are in ${target}; millrace check DIR looks at the whole plant`,
    )
  for (const { line, what, why } of notMapped) console.error(`${path}:${line}: ${what}: ${why}`)
  if (notMapped.length > 0) console.error(`${notMapped.length} not taken over`)
}
