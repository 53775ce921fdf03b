import { MillraceError } from '../../model/index.ts'

/** A topic filter whose wildcards may have names, as `subscriptions[].topic` declares it. */
export type Pattern = {
  /** As MQTT knows it (OASIS MQTT 5.0, 4.7.1). */
  readonly filter: string
  readonly names: readonly string[]
  /** What the names stand for in a topic; undefined where the filter does not match it. `#` has the name `rest`. */
  match(topic: string): ReadonlyMap<string, string> | undefined
}

/** @throws MillraceError `config-invalid` on what is no topic filter */
export function patternOf(written: string): Pattern {
  const levels = written.split('/')
  const wrong = levels.find((level, i) => !isLevel(level, i === levels.length - 1))
  const names = levels.flatMap(nameOf)
  if (wrong !== undefined || written === '' || new Set(names).size < names.length) {
    throw new MillraceError('config-invalid', `"${written}" is not a topic filter`, {
      hint: 'Wildcards stand for whole levels: `+` or `+name`, each name once, and `#` at the end',
    })
  }
  return {
    filter: levels.map(level => (level.startsWith('+') ? '+' : level)).join('/'),
    names,
    match: topic => matched(levels, topic.split('/')),
  }
}

function isLevel(level: string, last: boolean): boolean {
  if (level.startsWith('+')) return /^\+([A-Za-z][A-Za-z0-9_]*)?$/.test(level) && level !== '+rest'
  return level === '#' ? last : !/[+#\0]/.test(level)
}

function nameOf(level: string): string[] {
  if (level === '#') return ['rest']
  return level.length > 1 && level.startsWith('+') ? [level.slice(1)] : []
}

function matched(
  levels: readonly string[],
  topic: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const open = levels.at(-1) === '#'
  if (open ? topic.length < levels.length - 1 : topic.length !== levels.length) return undefined
  // Topics that begin with $ are the broker's own: no leading wildcard stands for them (4.7.2).
  if (topic[0]!.startsWith('$') && /^[+#]/.test(levels[0]!)) return undefined
  const found = new Map<string, string>()
  for (const [i, level] of levels.entries()) {
    if (level === '#') found.set('rest', topic.slice(i).join('/'))
    else if (!level.startsWith('+')) {
      if (level !== topic[i]) return undefined
    } else if (level.length > 1) found.set(level.slice(1), topic[i]!)
  }
  return found
}

/** Fills `{name}`s in. */
export function filled(template: string, of: (name: string) => string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => of(name))
}

/** The names in a template's braces. */
export function namesIn(template: string): string[] {
  return Array.from(template.matchAll(/\{(\w+)\}/g), ([, name]) => name!)
}

/** Lower case letters, digits and single dashes; words in camel case are parted. May come to nothing. */
export function slug(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
