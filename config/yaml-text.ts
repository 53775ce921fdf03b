import { type Document, isScalar, LineCounter, type Pair, parseDocument, visit, type YAMLMap } from 'yaml'

/** Nothing that people write by hand is larger; bounds the work on a file that is there by mistake. */
const maximumBytes = 4 * 1024 * 1024
/** Allows an anchor for every machine of a file, and still stops aliases of aliases from growing without bound. */
const maximumAliases = 10_000

/** What is wrong with a text as YAML, at an offset in it. */
export type Fault = { readonly offset: number; readonly message: string }

export type YamlText = {
  readonly text: string
  readonly lines: LineCounter
  readonly faults: readonly Fault[]
  /** Plain JSON data; like `document` only where there is no fault. */
  readonly value?: unknown
  readonly document?: Document
}

/** Never throws: what cannot be read is in `faults`. */
export function readYaml(bytes: Uint8Array): YamlText {
  if (bytes.length > maximumBytes) {
    return unread('', 0, `has ${bytes.length} bytes; at most ${maximumBytes} are read`)
  }
  const text = new TextDecoder().decode(bytes)
  return isUtf8(bytes) ? parse(text) : unread(text, text.indexOf('\uFFFD'), 'is not UTF-8 text')
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function unread(text: string, offset: number, message: string): YamlText {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1)
  return { text, lines, faults: [{ offset, message }] }
}

function parse(text: string): YamlText {
  const lineCounter = new LineCounter()
  try {
    const document = parseDocument(text, {
      lineCounter,
      stringKeys: true,
      uniqueKeys: false, // its own check compares every key with every other one
      prettyErrors: false,
      logLevel: 'error',
    })
    const faults = faultsOf(document)
    if (faults.length > 0) return { text, lines: lineCounter, faults }
    const value = document.toJS({ maxAliasCount: maximumAliases })
    return { text, lines: lineCounter, faults, value, document }
  } catch (error) {
    // Nesting deeper than the stack, and aliases that expand without bound, are thrown instead of being listed.
    return unread(
      text,
      0,
      `cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** Of the errors in the syntax only the first: the others mostly follow from it. */
function faultsOf(document: Document): Fault[] {
  const [error] = document.errors
  if (error) return [{ offset: error.pos[0], message: syntaxMessage(error.code, error.message) }]
  const warnings = document.warnings.map(({ pos, message }) => ({
    offset: pos[0],
    message: `cannot be read as YAML: ${message}`,
  }))
  return [...warnings, ...structuralFaults(document)]
}

function syntaxMessage(code: string, message: string): string {
  if (code === 'NON_STRING_KEY') return 'a key must be text'
  if (code === 'MULTIPLE_DOCS') return 'a file holds one YAML document; here begins another'
  return `cannot be read as YAML: ${message}`
}

function structuralFaults(document: Document): Fault[] {
  const faults: Fault[] = []
  const anchors = new Set<string>()
  visit(document, {
    Alias(_, { source, range }, ancestors) {
      const offset = range?.[0] ?? 0
      const isOwn = ancestors.some(node => 'anchor' in node && node.anchor === source)
      if (isOwn) faults.push({ offset, message: `*${source} contains itself` })
      else if (!anchors.has(source)) faults.push({ offset, message: `there is no &${source} before this` })
    },
    Node(_, node) {
      if ('anchor' in node && node.anchor) anchors.add(node.anchor)
      if ('items' in node && Array.isArray(node.items)) faults.push(...repeatedKeys(node as YAMLMap))
    },
  })
  return faults
}

function repeatedKeys({ items }: { items: unknown[] }): Fault[] {
  const seen = new Set<string>()
  return (items as Pair[]).flatMap(({ key }) => {
    if (!isScalar(key)) return []
    const name = String(key.value)
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ offset: key.range?.[0] ?? 0, message: `the key "${name}" stands twice in the same mapping` }]
  })
}
