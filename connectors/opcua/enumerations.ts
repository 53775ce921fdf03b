import type { Sample, Tag, Value } from '../../model/index.ts'
import { inParts, type Limits } from './limits.ts'
import type { Declared } from './points.ts'
import { idOf, nodeClass, references, wellKnown } from './references.ts'
import type { Session } from './session.ts'

/** The names of a tag's enumeration, by number. */
export type Enumerations = ReadonlyMap<Tag, ReadonlyMap<number, string>>

/** DataTypes of namespace 0 up to here are built in, and no enumerations. */
const lastBuiltIn = 25

/** Finds which tags are enumerations, and reads their names once a type. */
export async function learnEnumerations(
  session: Session,
  limits: Limits,
  declared: readonly Declared[],
): Promise<Enumerations> {
  const { DataType } = session.stack.AttributeIds
  const typeOf = new Map<Tag, string>()
  for (const part of inParts(declared, limits.nodesPerRead)) {
    const types = await session.ua.read(
      part.map(({ address }) => ({ nodeId: address.nodeId, attributeId: DataType })),
    )
    for (const [i, { tag }] of part.entries()) {
      const id = types[i]?.value?.value
      const isCustom = id && (id.namespace !== 0 || Number(id.value) > lastBuiltIn)
      if (isCustom) typeOf.set(tag, idOf(id))
    }
  }
  const names = new Map<string, ReadonlyMap<number, string>>()
  for (const type of new Set(typeOf.values())) {
    const found = await namesOf(session, limits, type)
    if (found.size > 0) names.set(type, found)
  }
  return new Map(
    [...typeOf].flatMap(([tag, type]) => (names.has(type) ? [[tag, names.get(type)!] as const] : [])),
  )
}

type Text = { text?: string | null; name?: string | null; value?: unknown; displayName?: Text }

/** From the definition of the type, or from its property EnumValues or EnumStrings (OPC 10000-3, 5.8.3). */
async function namesOf(session: Session, limits: Limits, type: string): Promise<ReadonlyMap<number, string>> {
  const { DataTypeDefinition, Value } = session.stack.AttributeIds
  const { ua } = session
  const told = await ua.read({ nodeId: type, attributeId: DataTypeDefinition }).catch(() => undefined)
  const definition = told?.value?.value as
    | { fields?: readonly Text[]; structureType?: unknown }
    | null
    | undefined
  if (definition?.structureType !== undefined) return new Map()
  if (definition?.fields) return byNumber(definition.fields)
  const wanted = { reference: wellKnown.hasProperty, classes: nodeClass.variable }
  const [properties = []] = await references(session, limits, [type], wanted)
  const property = properties.find(({ browseName }) => /^Enum(Values|Strings)$/.test(browseName.name ?? ''))
  if (!property) return new Map()
  const read = await ua.read({ nodeId: property.nodeId, attributeId: Value })
  return byNumber((read.value?.value ?? []) as readonly Text[])
}

/** Entries with a value of their own, or texts counted from 0. */
function byNumber(entries: readonly Text[]): ReadonlyMap<number, string> {
  return new Map(
    entries.map((entry, i) => {
      const { value } = entry
      const number = Array.isArray(value) ? Number(value[1]) | 0 : typeof value === 'number' ? value : i
      return [number, entry.name ?? entry.displayName?.text ?? entry.text ?? String(number)]
    }),
  )
}

/** Puts the name beside the number of an enumeration, in an array beside each. */
export function nameEnumeration(sample: Sample, names: ReadonlyMap<number, string> | undefined): void {
  if (names) sample.value = named(sample.value, names)
}

function named(value: Value, names: ReadonlyMap<number, string>): Value {
  if (Array.isArray(value)) return value.map(part => named(part, names))
  if (typeof value !== 'number') return value
  const name = names.get(value)
  return name === undefined ? value : { value, name }
}
