import type { EventFilter, Variant } from 'node-opcua-client'
import type { Sample, Value } from '../../model/index.ts'
import { decoded, microsOf } from './decode.ts'
import type { Declared } from './points.ts'
import type { Stack } from './stack.ts'

/** Types of events in namespace 0 (OPC 10000-5, 6.4; OPC 10000-9, 5). */
const eventTypes = {
  base: 2041,
  condition: 2782,
  acknowledgeable: 2881,
  alarm: 2915,
  baseModelChange: 2132,
  queueOverflow: 3035,
  refreshStart: 2787,
  refreshEnd: 2788,
  refreshRequired: 2789,
} as const

/** A field of an event: its name in the sample's value, the type that has it, and its path there. */
type Field = readonly [name: string, type: number, ...path: string[]]
/** One that the tag asks for: servers look for its path in the event itself, of whatever type it is. */
type OwnField = { readonly name: string; readonly browsePath: { namespaceIndex: number; name: string }[] }

const baseFields: readonly Field[] = [
  ['eventId', eventTypes.base, 'EventId'],
  ['eventType', eventTypes.base, 'EventType'],
  ['time', eventTypes.base, 'Time'],
  ['sourceNode', eventTypes.base, 'SourceNode'],
  ['sourceName', eventTypes.base, 'SourceName'],
  ['message', eventTypes.base, 'Message'],
  ['severity', eventTypes.base, 'Severity'],
]

const conditionFields: readonly Field[] = [
  ['conditionId', eventTypes.condition],
  ['conditionName', eventTypes.condition, 'ConditionName'],
  ['branchId', eventTypes.condition, 'BranchId'],
  ['retain', eventTypes.condition, 'Retain'],
  ['enabled', eventTypes.condition, 'EnabledState', 'Id'],
  ['comment', eventTypes.condition, 'Comment'],
  ['acked', eventTypes.acknowledgeable, 'AckedState', 'Id'],
  ['confirmed', eventTypes.acknowledgeable, 'ConfirmedState', 'Id'],
  ['active', eventTypes.alarm, 'ActiveState', 'Id'],
]

const allFields = [...baseFields, ...conditionFields]

/** `2:Motor/2:Speed` is the field "Speed". */
function ownFields(paths: readonly string[] = []): OwnField[] {
  return paths.map(path => {
    const browsePath = path.split('/').map(part => {
      const colon = part.indexOf(':')
      return { namespaceIndex: Number(part.slice(0, colon)), name: part.slice(colon + 1) }
    })
    return { name: browsePath.at(-1)!.name, browsePath }
  })
}

/**
 * All events, with the fields that every event has and, unless `plain`, those of conditions and alarms and then those
 * that the tag asks for.
 */
export function eventFilter(stack: Stack, plain: boolean, own?: readonly string[]): EventFilter {
  const { NodeId, Value } = stack.AttributeIds
  const usual = (plain ? baseFields : allFields).map(([, type, ...path]) => ({
    typeDefinitionId: stack.makeNodeId(type),
    browsePath: path.map(name => ({ namespaceIndex: 0, name })),
    // The condition itself is named by the NodeId of the instance (OPC 10000-9, 5.5.2).
    attributeId: path.length === 0 ? NodeId : Value,
  }))
  const asked = (plain ? [] : ownFields(own)).map(({ browsePath }) => ({
    typeDefinitionId: stack.makeNodeId(eventTypes.base),
    browsePath,
    attributeId: Value,
  }))
  return new stack.EventFilter({ selectClauses: [...usual, ...asked] })
}

/** The server's word that its model has changed; a server that cannot choose sends its other events too. */
export function modelFilter(stack: Stack, plain: boolean): EventFilter {
  const selectClauses = [
    {
      typeDefinitionId: stack.makeNodeId(eventTypes.base),
      browsePath: [{ namespaceIndex: 0, name: 'EventType' }],
      attributeId: stack.AttributeIds.Value,
    },
  ]
  if (plain) return new stack.EventFilter({ selectClauses })
  const value = { dataType: stack.DataType.NodeId, value: stack.makeNodeId(eventTypes.baseModelChange) }
  const element = {
    filterOperator: stack.FilterOperator.OfType,
    filterOperands: [new stack.LiteralOperand({ value })],
  }
  return new stack.EventFilter({ selectClauses, whereClause: { elements: [element] } })
}

/** What an event asks of us besides being passed on. */
export type EventMeaning = 'event' | 'overflow' | 'refresh-bounds' | 'refresh-required'

/** A sample whose value has the event's fields by name, without those that the event does not have. */
export function eventOf(
  { tag, address: { eventFields } }: Declared,
  fields: readonly (Variant | null)[],
  receivedAt: number,
): { meaning: EventMeaning; sample: Sample } {
  const value: Record<string, Value> = {}
  const names = [...allFields.map(([name]) => name), ...ownFields(eventFields).map(({ name }) => name)]
  for (const [i, name] of names.entries()) {
    const part = fields[i] ? fieldValue(fields[i]) : null
    if (part !== null && name !== 'time') value[name] = part
  }
  const time = fields[allFields.findIndex(([name]) => name === 'time')]?.value
  const t =
    time instanceof Date ? microsOf(time, (time as { picoseconds?: number }).picoseconds ?? 0) : undefined
  return { meaning: meaningOf(value.eventType), sample: { tag, t: t ?? receivedAt, value, status: 0 } }
}

/** Texts for people come as text alone, an absent node id as none. */
function fieldValue(variant: Variant): Value {
  const value = decoded(variant)
  if (value === 'i=0' || value === 'ns=0;i=0') return null
  return typeof value === 'object' && value !== null && 'text' in value ? (value.text ?? null) : value
}

function meaningOf(eventType: Value | undefined): EventMeaning {
  const id = Number(/^(?:ns=0;)?i=(\d+)$/.exec(String(eventType))?.[1])
  if (id === eventTypes.queueOverflow) return 'overflow'
  if (id === eventTypes.refreshStart || id === eventTypes.refreshEnd) return 'refresh-bounds'
  return id === eventTypes.refreshRequired ? 'refresh-required' : 'event'
}
