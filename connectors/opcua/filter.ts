import type { DataChangeFilter, EventFilter } from 'node-opcua-client'
import { eventFilter, modelFilter } from './events.ts'
import type { Item } from './plan.ts'
import type { Session } from './session.ts'

/** Deadband types (OPC 10000-4, 7.22.2). */
const deadbandType = { none: 0, absolute: 1, percent: 2 } as const

/**
 * The filter of an item. `plain` is the second try with a server that refused the first: no trigger, since small
 * servers know none, and only the fields that every event has.
 */
export function filterOf(
  { stack, options }: Session,
  { address, watching }: Item,
  plain: boolean,
): DataChangeFilter | EventFilter | undefined {
  if (watching === 'events') return eventFilter(stack, plain, address.eventFields)
  if (watching === 'model') return modelFilter(stack, plain)
  const { deadbandAbsolute, deadbandPercent } = address
  const deadband = deadbandAbsolute ?? deadbandPercent
  const timed = options.trigger === 'status-value-timestamp' && !plain
  if (deadband === undefined && !timed) return undefined
  const { StatusValue, StatusValueTimestamp } = stack.DataChangeTrigger
  return new stack.DataChangeFilter({
    trigger: timed ? StatusValueTimestamp : StatusValue,
    deadbandType:
      deadbandAbsolute !== undefined
        ? deadbandType.absolute
        : deadbandPercent !== undefined
          ? deadbandType.percent
          : deadbandType.none,
    deadbandValue: deadband ?? 0,
  })
}
