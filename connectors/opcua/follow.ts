import type { Limits } from './limits.ts'
import { tagNames } from './names.ts'
import type { Declared } from './points.ts'
import { idOf, nodeClass, references, wellKnown } from './references.ts'
import type { Session } from './session.ts'
import { type Walked, walk } from './walk.ts'

/**
 * The variables that followed nodes stand for now, as tags: below a folder or object, each variable; below a type, each
 * variable of each object that is of the type or a subtype. They carry what the followed tag declares (unit, scale,
 * range, intervals, deadband). A node that is not there expands to nothing.
 */
export async function expand(
  session: Session,
  limits: Limits,
  followed: readonly Declared[],
  taken: ReadonlySet<string>,
): Promise<Declared[]> {
  const all: Declared[] = []
  const names = new Set(taken)
  for (const root of followed) {
    const variables = await variablesBelow(session, limits, root.address.nodeId)
    const own = new Set([...names].flatMap(name => nameIn(root.tag.asset, name)))
    const tags = tagNames(root.tag.name, variables, own)
    const { follow: _, ...address } = root.address
    for (const { nodeId } of variables) {
      const name = tags.get(nodeId)!
      names.add(`${root.tag.asset} ${name}`)
      all.push({ tag: { ...root.tag, name }, address: { ...address, nodeId } })
    }
  }
  return all
}

function nameIn(asset: string, named: string): string[] {
  return named.startsWith(`${asset} `) ? [named.slice(asset.length + 1)] : []
}

type Variable = Pick<Walked, 'nodeId' | 'path'>

async function variablesBelow(session: Session, limits: Limits, nodeId: string): Promise<Variable[]> {
  const { stack, ua } = session
  const read = await ua.read({ nodeId, attributeId: stack.AttributeIds.NodeClass })
  const kind: unknown = read.value?.value
  if (kind === nodeClass.objectType || kind === nodeClass.variableType) {
    return await variablesOfType(session, limits, nodeId)
  }
  return await collect(walk(session, limits, nodeId, same), ({ isVariable }) => isVariable)
}

const same = async (siblings: readonly Walked[]): Promise<readonly Walked[]> => siblings

async function collect(found: AsyncIterable<Walked>, test: (walked: Walked) => boolean): Promise<Walked[]> {
  const all: Walked[] = []
  for await (const walked of found) if (test(walked)) all.push(walked)
  return all
}

/** Walks all objects, since few servers tell the instances of a type. */
async function variablesOfType(session: Session, limits: Limits, type: string): Promise<Variable[]> {
  const types = await subtypes(session, limits, type)
  const all = await collect(walk(session, limits, wellKnown.objects, same), () => true)
  const isInstance = ({ reference }: Walked) => types.has(idOf(reference.typeDefinition))
  const instances = all.filter(isInstance)
  return all.flatMap(({ nodeId, path, isVariable }) => {
    const of = instances.find(instance => instance.path.every((name, i) => name === path[i]))
    return isVariable && of ? [{ nodeId, path: path.slice(of.path.length - 1) }] : []
  })
}

async function subtypes(session: Session, limits: Limits, type: string): Promise<ReadonlySet<string>> {
  const { stack } = session
  const all = new Set(
    [stack.resolveNodeId(type).toString()].map(id => (id.startsWith('ns=') ? id : `ns=0;${id}`)),
  )
  const wanted = { reference: wellKnown.hasSubtype, classes: nodeClass.objectType | nodeClass.variableType }
  for (let level = [...all]; level.length > 0; ) {
    const found = (await references(session, limits, level, wanted)).flat()
    level = found.map(({ nodeId }) => idOf(nodeId)).filter(id => !all.has(id))
    for (const id of level) all.add(id)
  }
  return all
}
