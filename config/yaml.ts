import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import { type Path, type PlantProblem, pathText } from './problem.ts'
import { readYaml } from './yaml-text.ts'

/** One YAML file, parsed, with the way back from a path to its place in the text. */
export type YamlFile = {
  readonly name: string
  /** Plain JSON data; undefined when the text could not be read. */
  readonly value: unknown
  /** What is wrong with the text as YAML. */
  readonly problems: readonly PlantProblem[]
  /** Whether something is written at a path; what a default filled in is not. */
  has(path: Path): boolean
  /** A problem at a path; `at: 'key'` points to the last key itself, not to its value. */
  problem(
    path: Path,
    message: string,
    options?: { at?: 'key' | 'value'; suggestion?: string | undefined },
  ): PlantProblem
}

/** Never throws: what cannot be read is in `problems`. */
export function parseYaml(name: string, bytes: Uint8Array): YamlFile {
  const { text, lines, faults, value, document } = readYaml(bytes)
  const sourceLines = text.split(/\r?\n/)
  const at = (offset: number, path: Path, message: string, suggestion?: string): PlantProblem => {
    const { line, col } = lines.linePos(offset)
    const sourceLine = sourceLines[line - 1]
    return {
      file: name,
      line,
      column: col,
      path: pathText(path),
      message,
      ...(suggestion !== undefined && { suggestion }),
      ...(sourceLine !== undefined && { sourceLine }),
    }
  }
  return {
    name,
    value,
    problems: faults.map(fault => at(fault.offset, [], fault.message)),
    has: path => placesOf(document, path).length > path.length,
    problem(path, message, { at: where = 'value', suggestion } = {}) {
      const { node, key } = placesOf(document, path).at(-1)!
      const target = where === 'key' && key ? key : (node ?? key)
      return at(target?.range?.[0] ?? 0, path, message, suggestion)
    },
  }
}

/** A value, and the key under which it stands. */
type Place = { readonly node: Node | null; readonly key?: Node | null }

/** The places on the way along `path`, from the root to its end or as far as there are any. */
function placesOf(document: Document | undefined, path: Path): Place[] {
  const places: Place[] = [{ node: document?.contents ?? null }]
  for (const step of path) {
    const next = document && childOf(resolve(places.at(-1)!.node, document), step)
    if (next === undefined) break
    places.push(next)
  }
  return places
}

function childOf(node: Node | null, step: string | number): Place | undefined {
  if (isMap(node)) return placesByKey(node).get(String(step))
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | null | undefined
    return item === undefined ? undefined : { node: item }
  }
  return undefined
}

const indexed = new WeakMap<YAMLMap, ReadonlyMap<string, Place>>()

/** A mapping finds its keys one by one, which takes too long where very many are wrong. */
function placesByKey(map: YAMLMap): ReadonlyMap<string, Place> {
  const known = indexed.get(map)
  if (known) return known
  const pairs = map.items as Pair<Node | null, Node | null>[]
  const places = new Map(
    pairs.flatMap(({ key, value }) => (isScalar(key) ? [[String(key.value), { node: value, key }]] : [])),
  )
  indexed.set(map, places)
  return places
}

function resolve(node: Node | null, document: Document): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}
