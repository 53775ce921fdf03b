import type { Session } from './session.ts'

/** ConditionType and its method ConditionRefresh (OPC 10000-9, 5.5.7). */
const conditionType = 2782
const conditionRefresh = 3875

/**
 * Asks for the present state of all conditions that are worth showing, as events. A server without alarms refuses,
 * and has none to show.
 */
export async function refreshConditions({ stack, ua }: Session, subscriptionId: number): Promise<void> {
  const inputArguments = [{ dataType: stack.DataType.UInt32, value: subscriptionId }]
  const methodId = stack.makeNodeId(conditionRefresh)
  await ua
    .call({ objectId: stack.makeNodeId(conditionType), methodId, inputArguments })
    .catch(() => undefined)
}
