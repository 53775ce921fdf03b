import type { BrowseResult, NodeId, ReferenceDescription } from 'node-opcua-client'
import { inParts, type Limits } from './limits.ts'
import type { Session } from './session.ts'

/** Nodes of namespace 0 (OPC 10000-5). */
export const wellKnown = {
  objects: 'ns=0;i=85',
  server: 'ns=0;i=2253',
  hasProperty: 46,
  hasSubtype: 45,
  hierarchical: 33,
} as const

/** Node classes (OPC 10000-3, 8.29). */
export const nodeClass = { object: 1, variable: 2, objectType: 8, variableType: 16, dataType: 64 } as const

export type Wanting = { readonly reference: number; readonly classes: number }

/** What is below in a hierarchy: objects and variables, by any hierarchical reference. */
export const below: Wanting = {
  reference: wellKnown.hierarchical,
  classes: nodeClass.object | nodeClass.variable,
}

/**
 * The forward references of each node, as many nodes in a call as the server takes, and asked on until it has told
 * all (BrowseNext, OPC 10000-4, 5.9.3). A node that cannot be browsed has none.
 */
export async function references(
  session: Session,
  limits: Limits,
  nodeIds: readonly string[],
  { reference, classes }: Wanting,
): Promise<ReferenceDescription[][]> {
  const { stack, ua } = session
  const all: ReferenceDescription[][] = []
  for (const part of inParts(nodeIds, limits.nodesPerBrowse)) {
    const results = await ua.browse(
      part.map(nodeId => ({
        nodeId,
        referenceTypeId: stack.makeNodeId(reference),
        browseDirection: stack.BrowseDirection.Forward,
        includeSubtypes: true,
        nodeClassMask: classes,
        resultMask: 63,
      })),
    )
    for (const result of results) all.push(await whole(session, result))
  }
  return all
}

async function whole({ ua }: Session, first: BrowseResult): Promise<ReferenceDescription[]> {
  const found = [...(first.references ?? [])]
  for (let point = first.continuationPoint; point?.length > 0; ) {
    const next = await ua.browseNext(point, false)
    found.push(...(next.references ?? []))
    point = next.continuationPoint
  }
  return found
}

/** The id as it is written in YAML. */
export function idOf(nodeId: NodeId): string {
  const text = nodeId.toString()
  return text.startsWith('ns=') ? text : `ns=0;${text}`
}

export function isProperty({ referenceTypeId }: ReferenceDescription): boolean {
  return referenceTypeId.namespace === 0 && referenceTypeId.value === wellKnown.hasProperty
}
