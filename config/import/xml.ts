/**
 * As much of XML as flat exports need: elements of one name that do not contain themselves. What these files never have
 * (namespaces, processing instructions in between, entities of their own) is not read.
 */
export type XmlElement = {
  readonly line: number
  readonly attributes: Readonly<Record<string, string>>
  readonly content: string
}

export function isXml(text: string): boolean {
  return /^\uFEFF?\s*<(\?xml|Document|Tagtables?)\b/.test(text)
}

export function elementsIn(text: string, name: string): XmlElement[] {
  const tag = name.replaceAll('.', '\\.')
  const pattern = new RegExp(
    `<${tag}(?=[\\s/>])((?:\\s+[\\w:.-]+\\s*=\\s*(?:"[^"]*"|'[^']*'))*)\\s*(?:/>|>([\\s\\S]*?)</${tag}\\s*>)`,
    'g',
  )
  let line = 1
  let counted = 0
  return [...text.matchAll(pattern)].map(({ index, 1: attributes = '', 2: content = '' }) => {
    line += text.slice(counted, index).split('\n').length - 1
    counted = index
    return { line, attributes: attributesIn(attributes), content }
  })
}

function attributesIn(text: string): Record<string, string> {
  const found = text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)
  return Object.fromEntries([...found].map(([, name, a, b]) => [name, unescaped(a ?? b ?? '')]))
}

/** The text of an element's content, its entities and CDATA resolved. */
export function textOf(content: string): string {
  const [, data] = /^\s*<!\[CDATA\[([\s\S]*?)\]\]>\s*$/.exec(content) ?? []
  return data ?? unescaped(content).trim()
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replaceAll(/&(#x?[0-9a-f]+|\w+);/gi, (whole, entity: string) => {
    if (!entity.startsWith('#')) return entities[entity] ?? whole
    const code = entity[1] === 'x' ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1))
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
