import { addOffsetsToTxnV3, txnOffsetCommitV3 } from '@platformatic/kafka'
import { MillraceError } from '../../model/index.ts'
import type { Place, Position } from '../kafka.ts'
import { callCoordinator, checkPartitions, lastCoordinator, topicsOf } from './connection.ts'
import { kafkaError } from './errors.ts'
import { byTopic, openIn, type Partition, stablePositions } from './offsets.ts'
import { type Ownership, untilSettled } from './ownership.ts'
import type { Patience } from './patience.ts'
import { type Lane, type MillraceProducer, sendLane } from './producing.ts'

type Transaction = Awaited<ReturnType<MillraceProducer['beginTransaction']>>

/** What one transaction works with: the owner of the id, and the group whose positions it moves unless they name another. */
export type Transactional = {
  readonly id: string
  readonly group: string
  readonly producer: MillraceProducer
  readonly ownership: Ownership
}

/**
 * One transaction over all of it; there must be something. Partitions are added before the first send and the group
 * before its positions, one after the other: the coordinator takes one change at a time. Partitions and positions then
 * go in parallel.
 */
export async function transact(
  held: Transactional,
  lanes: readonly Lane[],
  positions: readonly Position[],
  time: Patience,
): Promise<void> {
  const { producer, ownership } = held
  const metadata = await topicsOf(producer, time, [...new Set(lanes.map(lane => lane.topic))])
  checkPartitions(lanes, metadata)
  const transaction = await producer.beginTransaction()
  const moved = byGroup(held, positions)
  const additions = [
    ...(lanes.length > 0 ? [() => transaction.addPartitions(metadata, lanes.map(nothingFor))] : []),
    ...moved.map(
      ([group]) =>
        () =>
          addGroup({ ...held, group }, time),
    ),
  ]
  await opened(ownership, additions)
  const moving = moved.map(([group, of]) => sendPositions({ ...held, group }, of, time))
  await Promise.all([...lanes.map(sendWithin(transaction)), ...moving])
  await transaction.commit()
  ownership.openSince = undefined
}

/** The first addition opens the transaction at the coordinator. Was that fenced, what is open there is a successor's. */
async function opened(ownership: Ownership, additions: readonly (() => Promise<unknown>)[]): Promise<void> {
  ownership.openSince = performance.now()
  for (const [n, add] of additions.entries()) {
    try {
      await add()
    } catch (thrown) {
      if (n === 0 && kafkaError(thrown, 'open a transaction').code === 'fenced')
        ownership.openSince = undefined
      throw thrown
    }
  }
}

/**
 * A transaction without anything in it, aborted: its marks end whatever was open of this producer in the partitions, and
 * among the positions of its group. Where nothing is open no mark is left, which would look like a record that waits.
 */
export async function settlePartitions(
  held: Transactional,
  partitions: readonly Partition[],
  time: Patience,
): Promise<void> {
  const { producer, ownership, id } = held
  const open = await openIn(producer, time, partitions)
  const metadata = await topicsOf(producer, time, [...new Set(open.map(({ topic }) => topic))])
  const transaction = await producer.beginTransaction()
  const additions = [
    ...(open.length > 0 ? [() => transaction.addPartitions(metadata, open.map(nothingFor))] : []),
    () => addGroup(held, time),
  ]
  await opened(ownership, additions)
  await transaction.abort()
  ownership.openSince = undefined
  await untilSettled(producer, id, time)
}

/** The positions as of now, one group after the other. */
export async function currentPositions(
  held: Transactional,
  of: readonly Place[],
  time: Patience,
): Promise<Position[]> {
  const found: Position[] = []
  for (const [group, places] of byGroup(held, of)) {
    const named = group === held.group ? {} : { group }
    const positions = await positionsOf({ ...held, group }, places, time)
    found.push(...positions.map(position => ({ ...position, ...named })))
  }
  return found
}

function byGroup<Of extends Place>({ group }: Transactional, places: readonly Of[]): [string, Of[]][] {
  return [...Map.groupBy(places, place => place.group ?? group)]
}

/**
 * The positions of one group. A coordinator that was frozen, and replaced meanwhile, answers with what it remembers
 * until it learns of its successor. It can no longer write, though: so an aborted write to the positions comes first,
 * and only who has taken that is believed.
 */
async function positionsOf(held: Transactional, of: readonly Place[], time: Patience): Promise<Position[]> {
  const anchor = of[0]!
  const { producer, group, ownership } = held
  const coordinator = { type: 'GROUP', key: group } as const
  const transaction = await producer.beginTransaction()
  await opened(ownership, [() => addGroup(held, time)])
  await sendPositions(held, [{ ...anchor, offset: 0n }], time)
  const believed = lastCoordinator(producer, coordinator)
  await transaction.abort()
  ownership.openSince = undefined
  const positions = await stablePositions(producer, time, group, of)
  if (lastCoordinator(producer, coordinator) !== believed) throw coordinatorMoved(group)
  return positions
}

/** Only topic and partition of these count. */
const nothingFor = ({ topic, partition }: Partition) => ({
  topic,
  partition,
  value: Buffer.alloc(0),
})

const sendWithin = (transaction: Transaction) => (lane: Lane) =>
  sendLane(lane, options => transaction.send(options))

async function addGroup({ producer, id, group, ownership }: Transactional, time: Patience): Promise<void> {
  const { producerId, producerEpoch } = ownership
  const coordinator = { type: 'TRANSACTION', key: id } as const
  await callCoordinator(
    producer,
    time,
    coordinator,
    addOffsetsToTxnV3.api,
    id,
    producerId,
    producerEpoch,
    group,
  )
}

/** All in one request: the library sends one a partition, and of several at once only one would count. */
async function sendPositions(
  { producer, id, group, ownership }: Transactional,
  positions: readonly Position[],
  time: Patience,
): Promise<void> {
  if (positions.length === 0) return
  const { producerId, producerEpoch } = ownership
  const coordinator = { type: 'GROUP', key: group } as const
  const [noGeneration, noMember] = [-1, '']
  await callCoordinator(
    producer,
    time,
    coordinator,
    txnOffsetCommitV3.api,
    ...([id, group, producerId, producerEpoch, noGeneration, noMember, null, committing(positions)] as const),
  )
}

function committing(positions: readonly Position[]) {
  return byTopic(positions).map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      ...(metadata !== undefined && { committedMetadata: metadata }),
      committedLeaderEpoch: -1, // unknown: an offset need not be one of the topic's own
    })),
  }))
}

function coordinatorMoved(group: string): MillraceError {
  return new MillraceError('broker-unavailable', `the coordinator of ${group} has just moved`, {
    transient: true,
  })
}
