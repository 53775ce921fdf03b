import type { NodeId } from 'node-opcua-client'
import { coded, MillraceError, orAbort, type Value } from '../../model/index.ts'
import { decoded } from './decode.ts'
import { variantOf } from './encode.ts'
import { statusNameOf, tagError } from './errors.ts'
import type { Declared } from './points.ts'
import type { Session } from './session.ts'

/**
 * Writes a raw value as the type of the node and resolves with what the server then reads there, which the caller
 * compares: a server may clamp, or overwrite.
 * @throws MillraceError `bad-type`, `bad-address`, `unauthorised`, `refused`, `session-lost` or `timeout`
 */
export async function writeTag(
  session: Session,
  { tag, address }: Declared,
  value: Value,
  signal: AbortSignal,
): Promise<Value> {
  const what = `Writing ${tag.asset} ${tag.name} (${address.nodeId})`
  const late = AbortSignal.timeout(2 * session.options.requestTimeoutMs)
  try {
    return await orAbort(writeAndRead(session, address.nodeId, value), AbortSignal.any([signal, late]))
  } catch (thrown) {
    const name = thrown instanceof MillraceError ? undefined : statusNameOf(thrown)
    if (name) throw tagError(what, name, { transient: false, cause: thrown })
    throw coded(thrown, 'timeout', what, {
      transient: true,
      hint: 'Whether it was written is not known: read the value before writing again',
    })
  }
}

async function writeAndRead(session: Session, id: string, value: Value): Promise<Value> {
  const { stack, ua } = session
  const nodeId = stack.resolveNodeId(id)
  const attributeId = stack.AttributeIds.Value
  const variant = variantOf(stack, await typeOf(session, nodeId), value)
  const written = await ua.write({ nodeId, attributeId, value: { value: variant } })
  if (written.isNotGood()) throw new Error(written.name)
  const back = await ua.read({ nodeId, attributeId })
  if (back.statusCode.isNotGood()) throw new Error(back.statusCode.name)
  return decoded(back.value)
}

/** The built-in type of the node's DataType attribute, through its supertypes. */
async function typeOf({ ua }: Session, nodeId: NodeId): Promise<number> {
  try {
    return await ua.getBuiltInDataType(nodeId)
  } catch (thrown) {
    throw new MillraceError('bad-address', `${nodeId} has no type that could be written`, {
      cause: thrown,
      hint: 'Compare the nodeId with what the server shows',
    })
  }
}
