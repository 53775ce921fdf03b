import { type Kept, type Topic, topicTable } from './topics.ts'

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
