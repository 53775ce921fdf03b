import type { Session } from './session.ts'

/** What the server says it can take (OPC 10000-5, 6.3.11); Infinity where it sets no limit or does not tell it. */
export type Limits = {
  readonly nodesPerRead: number
  readonly nodesPerBrowse: number
  readonly itemsPerCall: number
  readonly itemsPerSubscription: number
  readonly items: number
  readonly subscriptions: number
}

/** What one call carries where the server sets no limit. */
const mostPerCall = 1000

/** Reads the limits. A server that has none of them, or reads one node at a time, is asked so. */
export async function readLimits({ stack, ua }: Session): Promise<Limits> {
  const ids = stack.VariableIds
  const variables = [
    ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    ids.Server_ServerCapabilities_MaxBrowseContinuationPoints,
    ids.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ids.Server_ServerCapabilities_MaxMonitoredItemsPerSubscription,
    ids.Server_ServerCapabilities_MaxMonitoredItems,
    ids.Server_ServerCapabilities_MaxSubscriptionsPerSession,
  ].map(id => ({ nodeId: stack.makeNodeId(id), attributeId: stack.AttributeIds.Value }))
  const together = await ua.read(variables).catch(() => undefined)
  const values = together ?? (await Promise.all(variables.map(one => ua.read(one).catch(() => undefined))))
  const limit = (i: number): number => {
    const told: unknown = values[i]?.value?.value
    return typeof told === 'number' && told > 0 ? told : Number.POSITIVE_INFINITY
  }
  return {
    nodesPerRead: Math.min(limit(0), mostPerCall),
    nodesPerBrowse: Math.min(limit(1), limit(2), mostPerCall),
    itemsPerCall: Math.min(limit(3), mostPerCall),
    itemsPerSubscription: limit(4),
    items: limit(5),
    subscriptions: limit(6),
  }
}

/** The list in parts of at most `size`. */
export function* inParts<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size)
}
