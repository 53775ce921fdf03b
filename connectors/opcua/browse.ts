import type { DataValue } from 'node-opcua-client'
import { orAbort } from '../../model/index.ts'
import type { Found } from '../contract.ts'
import { builtIn } from './decode.ts'
import { inParts, type Limits, readLimits } from './limits.ts'
import type { Options } from './options.ts'
import { idOf, wellKnown } from './references.ts'
import { openSession, type Session } from './session.ts'
import { type Walked, walk } from './walk.ts'

/**
 * What the server offers below its Objects folder, without the server's own object: one entry a node, parents first.
 * Variables have an address, their type (with its dimensions), description and engineering unit.
 */
export async function* browse(
  options: Options,
  stateDir: string,
  signal: AbortSignal,
): AsyncGenerator<Found> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(options.connectTimeoutMs)])
  const session = await openSession({ name: 'browse', options, stateDir }, late)
  const ended = AbortSignal.any([signal, session.lost])
  try {
    const limits = await orAbort(readLimits(session), ended)
    const types = new Map<string, string>()
    const found = walk(session, limits, wellKnown.objects, siblings =>
      described(session, limits, siblings, types),
    )
    for (;;) {
      const next = await orAbort(found.next(), ended)
      if (next.done) return
      yield next.value
    }
  } finally {
    await session.close(false)
  }
}

async function described(
  session: Session,
  limits: Limits,
  siblings: readonly Walked[],
  types: Map<string, string>,
): Promise<Found[]> {
  const { DataType, ValueRank, ArrayDimensions, Description, Value } = session.stack.AttributeIds
  const variables = siblings.filter(({ isVariable }) => isVariable)
  const units = variables.flatMap(({ properties }) => properties.get('EngineeringUnits') ?? [])
  const values = await readAll(session, limits, [
    ...variables.flatMap(({ nodeId }) =>
      [DataType, ValueRank, ArrayDimensions, Description].map(attributeId => ({ nodeId, attributeId })),
    ),
    ...units.map(nodeId => ({ nodeId, attributeId: Value })),
  ])
  await learnNames(session, limits, values, types)
  const unitOf = new Map(units.map((nodeId, i) => [nodeId, unitText(values[4 * variables.length + i])]))
  return siblings.map((node): Found => {
    const at = 4 * variables.indexOf(node)
    if (at < 0) return { path: node.path }
    const type = typeText(types, values[at], values[at + 1], values[at + 2])
    const unit = unitOf.get(node.properties.get('EngineeringUnits') ?? '')
    const description = textOf(values[at + 3])
    return {
      path: node.path,
      address: { nodeId: node.nodeId },
      ...(type !== undefined && { type }),
      ...(unit !== undefined && { unit }),
      ...(description !== undefined && { description }),
    }
  })
}

type Attribute = { readonly nodeId: string; readonly attributeId: number }

async function readAll(session: Session, limits: Limits, nodes: readonly Attribute[]): Promise<DataValue[]> {
  const values: DataValue[] = []
  for (const part of inParts(nodes, limits.nodesPerRead)) values.push(...(await session.ua.read([...part])))
  return values
}

/** Names of data types: those built in, and the browse names of the others. */
async function learnNames(
  session: Session,
  limits: Limits,
  values: readonly DataValue[],
  types: Map<string, string>,
): Promise<void> {
  const ids = values.flatMap(value => dataTypeOf(value) ?? [])
  const unknown = [...new Set(ids)].filter(id => !types.has(id))
  const attributeId = session.stack.AttributeIds.BrowseName
  const names = await readAll(
    session,
    limits,
    unknown.map(nodeId => ({ nodeId, attributeId })),
  )
  for (const [i, id] of unknown.entries()) {
    const name: unknown = names[i]?.value?.value?.name
    types.set(id, typeof name === 'string' ? name : id)
  }
}

function dataTypeOf({ value }: DataValue): string | undefined {
  return value?.dataType === builtIn.NodeId && value.value ? idOf(value.value) : undefined
}

/** `Double`, `Double[3]`, `Double[2,3]`, `Double[]`; undefined where the server does not tell. */
function typeText(
  types: ReadonlyMap<string, string>,
  dataType: DataValue | undefined,
  valueRank: DataValue | undefined,
  dimensions: DataValue | undefined,
): string | undefined {
  const name = types.get((dataType && dataTypeOf(dataType)) ?? '')
  const rank = Number(valueRank?.value?.value ?? -1)
  if (name === undefined || rank < 0) return name
  const lengths = Array.from((dimensions?.value?.value ?? []) as ArrayLike<number>, length => length || '')
  return `${name}[${lengths.length > 0 ? lengths.join(',') : ','.repeat(Math.max(0, rank - 1))}]`
}

function unitText(value: DataValue | undefined): string | undefined {
  const unit = (value?.value?.value as { displayName?: { text?: string | null } } | null)?.displayName?.text
  return unit || undefined
}

function textOf(value: DataValue | undefined): string | undefined {
  return (value?.value?.value as { text?: string | null } | null)?.text || undefined
}
