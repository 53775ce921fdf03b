import {
  type Base,
  type ClusterMetadata,
  describeProducersV0,
  ListOffsetTimestamps,
  listOffsetsV7,
  offsetFetchV8,
} from '@platformatic/kafka'
import type { Position } from '../kafka.ts'
import { callCoordinator, topicsOf } from './connection.ts'
import { type Patience, persist } from './patience.ts'

export type Partition = { readonly topic: string; readonly partition: number }

/** A place in a partition by time: ms UTC, or one of its ends. */
export type Place = 'earliest' | 'latest' | 'written' | { readonly timestamp: number }

const anyReplica = -1
const isolation = { uncommitted: 0, committed: 1 } as const

/**
 * The offsets of a place in each partition, as readers of committed records see it: `latest` is the last stable
 * offset, and so is the place of a time after the last record. `written` is the end that counts open transactions in.
 */
export async function offsetsAt(
  client: Base,
  time: Patience,
  partitions: readonly Partition[],
  place: Place,
): Promise<Position[]> {
  const seen = place === 'written' ? isolation.uncommitted : isolation.committed
  const found = await positionsAt(client, time, partitions, timestampOf(place), seen)
  const beyond = found.filter(({ offset }) => offset < 0n)
  if (beyond.length === 0) return found
  const ends = await positionsAt(client, time, beyond, ListOffsetTimestamps.LATEST, seen)
  return [...found.filter(({ offset }) => offset >= 0n), ...ends]
}

/**
 * The leader epoch of each partition, confirmed by the leader itself: metadata alone may be of the time before a cluster
 * was down, and name a leader that is not there.
 */
export async function leaderEpochs(client: Base, time: Patience, partitions: readonly Partition[]) {
  return listOffsets(client, time, partitions, ListOffsetTimestamps.LATEST, isolation.uncommitted)
}

/**
 * The group's positions once every transaction that moves them is settled; or, unsettled, those before such. What was never
 * committed is absent.
 */
export async function stablePositions(
  client: Base,
  time: Patience,
  group: string,
  partitions: readonly Partition[],
  isSettled = true,
): Promise<Position[]> {
  if (partitions.length === 0) return [] // a request for no topic would be one for all
  const topics = byTopic(partitions).map(([name, partitions]) => ({
    name,
    partitionIndexes: partitions.map(({ partition }) => partition),
  }))
  const asked = [{ groupId: group, memberEpoch: -1, topics }]
  const coordinator = { type: 'GROUP', key: group } as const
  const { groups } = await callCoordinator(client, time, coordinator, offsetFetchV8.api, asked, isSettled)
  return groups.flatMap(({ topics }) =>
    topics.flatMap(({ name: topic, partitions }) =>
      partitions
        .filter(({ committedOffset }) => committedOffset >= 0n)
        .map(({ partitionIndex: partition, committedOffset: offset, metadata }) => ({
          topic,
          partition,
          offset,
          ...(metadata && { metadata }),
        })),
    ),
  )
}

export function byTopic<Of extends { readonly topic: string }>(partitions: readonly Of[]): [string, Of[]][] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)]
}

function timestampOf(place: Place): bigint {
  if (place === 'earliest') return ListOffsetTimestamps.EARLIEST
  if (place === 'latest' || place === 'written') return ListOffsetTimestamps.LATEST
  return BigInt(Math.max(0, Math.trunc(place.timestamp)))
}

async function positionsAt(...of: Parameters<typeof listOffsets>): Promise<Position[]> {
  return (await listOffsets(...of)).map(({ topic, partition, offset }) => ({ topic, partition, offset }))
}

async function listOffsets(
  client: Base,
  time: Patience,
  partitions: readonly Partition[],
  timestamp: bigint,
  isolationLevel: number,
): Promise<(Position & { readonly leaderEpoch: number })[]> {
  return askLeaders(client, time, partitions, async (connection, led, epochOf) => {
    const asked = byTopic(led).map(([name, partitions]) => ({
      name,
      partitions: partitions.map(of => ({
        partitionIndex: of.partition,
        currentLeaderEpoch: epochOf(of), // who is no longer the leader, or again, refuses
        timestamp,
      })),
    }))
    const { topics } = await listOffsetsV7.api.async(connection, anyReplica, isolationLevel, asked)
    return topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, offset }) => {
        return { topic, partition, offset, leaderEpoch: epochOf({ topic, partition }) }
      }),
    )
  })
}

/** Those of the partitions in which some transaction is open. */
export async function openIn(
  client: Base,
  time: Patience,
  partitions: readonly Partition[],
): Promise<Partition[]> {
  const stable = await offsetsAt(client, time, partitions, 'latest')
  const written = await offsetsAt(client, time, partitions, 'written')
  const isSame = (a: Partition, b: Partition) => a.topic === b.topic && a.partition === b.partition
  return partitions.filter(of => {
    const [from, to] = [stable, written].map(ends => ends.find(end => isSame(end, of))!.offset)
    return from! < to!
  })
}

/** The highest epoch under which a producer has written to any of the partitions, as far as their logs remember it; or -1. */
export async function highestEpoch(
  client: Base,
  time: Patience,
  partitions: readonly Partition[],
  producerId: bigint,
): Promise<number> {
  const epochs = await askLeaders(client, time, partitions, async (connection, led) => {
    const asked = byTopic(led).map(([name, partitions]) => {
      return { name, partitionIndexes: partitions.map(({ partition }) => partition) }
    })
    const { topics } = await describeProducersV0.api.async(connection, asked)
    return topics
      .flatMap(({ partitions }) => partitions)
      .flatMap(({ activeProducers }) => activeProducers)
      .filter(producer => producer.producerId === producerId)
      .map(({ producerEpoch }) => producerEpoch)
  })
  return Math.max(-1, ...epochs)
}

type Leader = Awaited<ReturnType<Base['connections']['get']>>

/** Asks the leaders, whoever they are by then at each attempt: the library's own calls ask those they found first. */
async function askLeaders<T>(
  client: Base,
  time: Patience,
  partitions: readonly Partition[],
  ask: (
    leader: Leader,
    led: readonly Partition[],
    epochOf: (partition: Partition) => number,
  ) => Promise<readonly T[]>,
): Promise<T[]> {
  return persist(time, async () => {
    const topics = [...new Set(partitions.map(({ topic }) => topic))]
    const metadata = await topicsOf(client, time, topics, { fresh: true })
    const epochOf = ({ topic, partition }: Partition) =>
      metadata.topics.get(topic)?.partitions[partition]?.leaderEpoch ?? -1
    const byLeader = Map.groupBy(partitions, of => leaderOf(metadata, of))
    const answers = [...byLeader].map(async ([leader, led]) =>
      ask(await client.connections.get(metadata.brokers.get(leader)!), led, epochOf),
    )
    return (await Promise.all(answers)).flat()
  })
}

/** -1 while there is none; then there is no such broker either, and the call is tried again. */
export function leaderOf({ topics }: ClusterMetadata, { topic, partition }: Partition): number {
  return topics.get(topic)?.partitions[partition]?.leader ?? -1
}
