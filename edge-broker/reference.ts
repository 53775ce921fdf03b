/** The generated part of this folder's README. `node edge-broker/reference.ts` writes it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Kept, type Topic, topicTable } from './topics.ts'

export const readmeFile = join(import.meta.dirname, 'README.md')

const marked = /(<!-- generated: topics -->\n)[\s\S]*?(<!-- \/generated -->)/

/** The README as it should be: with the topic table between its marks. */
export function withTopicTable(readme: string): string {
  return readme.replace(
    marked,
    (_, open: string, close: string) => `${open}\n${topicReference()}\n\n${close}`,
  )
}

/** The topic table in Markdown. */
export function topicReference(): string {
  const head = ['topic', 'key', 'what', 'partitions', 'kept', 'written by', 'read by', 'shed']
  return [head, head.map(() => '---'), ...topicTable.map(cells)]
    .map(row => `| ${row.join(' | ')} |`)
    .join('\n')
}

function cells(row: Topic): string[] {
  return [
    `\`${row.name}\``,
    row.key,
    row.what,
    row.partitions === 'plant' ? 'plant' : String(row.partitions),
    kept(row.keep),
    row.writers.join(', ') || '—',
    row.readers.join(', '),
    row.shed ? String(row.shed) : 'never',
  ]
}

function kept(keep: Kept): string {
  if (keep === 'compacted') return keep
  const time = keep.days % 365 === 0 ? `${keep.days / 365} years` : `${keep.days} days`
  return `${time} or ${keep.gib} GiB`
}

if (import.meta.main) writeFileSync(readmeFile, withTopicTable(readFileSync(readmeFile, 'utf8')))
