import type { DataValue } from 'node-opcua-client'
import { builtIn } from './decode.ts'
import { inParts, type Limits } from './limits.ts'
import type { Declared } from './points.ts'
import type { Session } from './session.ts'

/** DataTypes of namespace 0 up to here are the built-in ones; of these only Structure needs a definition. */
const lastBuiltIn = 25

/**
 * Reads the definitions of the structures that the tags have, before anything is subscribed: it takes many requests,
 * and a queue in the server that fills up meanwhile would lose samples.
 */
export async function learnStructures(
  session: Session,
  limits: Limits,
  declared: readonly Declared[],
): Promise<void> {
  const { stack, ua } = session
  const { DataType, Value } = stack.AttributeIds
  const nodeIds = declared.map(({ address }) => stack.resolveNodeId(address.nodeId))
  for (const batch of inParts(nodeIds, limits.nodesPerRead)) {
    const types = await ua.read(batch.map(nodeId => ({ nodeId, attributeId: DataType })))
    const custom = batch.filter((_, i) => isCustom(types[i]))
    if (custom.length === 0) continue
    const values = await ua.read(custom.map(nodeId => ({ nodeId, attributeId: Value })))
    await decodeStructures(session, values)
  }
}

/**
 * Decodes the structures among the values in place. A server that does not give a definition, or a wrong one, must not
 * stop the other tags: such a value stays as its encoding and bytes, and is passed on like that.
 */
export async function decodeStructures({ stack, ua }: Session, values: DataValue[]): Promise<void> {
  if (values.length > 0) await stack.promoteOpaqueStructure(ua, values).catch(() => {})
}

function isCustom(dataType: DataValue | undefined): boolean {
  const id: unknown = dataType?.value?.value
  if (typeof id !== 'object' || id === null || !('namespace' in id) || !('value' in id)) return false
  return id.namespace !== 0 || id.value === builtIn.ExtensionObject || Number(id.value) > lastBuiltIn
}
