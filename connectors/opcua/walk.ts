import type { ReferenceDescription } from 'node-opcua-client'
import type { Limits } from './limits.ts'
import { below, idOf, isProperty, nodeClass, references, wellKnown } from './references.ts'
import type { Session } from './session.ts'

/** One node below another. */
export type Walked = {
  readonly nodeId: string
  /** Browse names from the root of the walk, which is not among them. */
  readonly path: readonly string[]
  readonly reference: ReferenceDescription
  readonly isVariable: boolean
  /** Its properties, by browse name. */
  readonly properties: ReadonlyMap<string, string>
}

/** What is wanted of nodes that stand side by side, asked for together. */
export type Describe<T> = (siblings: readonly Walked[]) => Promise<readonly T[]>

type Walk<T> = {
  readonly session: Session
  readonly limits: Limits
  readonly describe: Describe<T>
  readonly visited: Set<string>
}

/**
 * Everything below a node, parents before children. A node that is reached again is left out, and so a cycle ends;
 * properties are told with what they belong to. The server's own object is left out.
 */
export async function* walk<T>(
  session: Session,
  limits: Limits,
  root: string,
  describe: Describe<T>,
): AsyncGenerator<T> {
  const [found = []] = await references(session, limits, [root], below)
  yield* descend({ session, limits, describe, visited: new Set([root, wellKnown.server]) }, found, [])
}

async function* descend<T>(
  from: Walk<T>,
  found: readonly ReferenceDescription[],
  path: readonly string[],
): AsyncGenerator<T> {
  const children = found
    .filter(reference => !isProperty(reference) && isNew(from.visited, reference))
    .map(reference => ({ nodeId: idOf(reference.nodeId), reference }))
  if (children.length === 0) return
  const nodeIds = children.map(({ nodeId }) => nodeId)
  const further = await references(from.session, from.limits, nodeIds, below)
  const walked = children.map((child, i) => walkedOf(child, further[i] ?? [], path))
  const described = await from.describe(walked)
  for (const [i, { path }] of walked.entries()) {
    yield described[i]!
    yield* descend(from, further[i] ?? [], path)
  }
}

function isNew(visited: Set<string>, { nodeId }: ReferenceDescription): boolean {
  const id = idOf(nodeId)
  if (visited.has(id)) return false
  visited.add(id)
  return true
}

function walkedOf(
  { nodeId, reference }: Pick<Walked, 'nodeId' | 'reference'>,
  further: readonly ReferenceDescription[],
  path: readonly string[],
): Walked {
  return {
    nodeId,
    path: [...path, reference.browseName.name ?? ''],
    reference,
    isVariable: reference.nodeClass === nodeClass.variable,
    properties: new Map(
      further.filter(isProperty).map(each => [each.browseName.name ?? '', idOf(each.nodeId)]),
    ),
  }
}
