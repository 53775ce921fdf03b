import {
  type Base,
  type ClusterMetadata,
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

/** The group's positions once every transaction that moves them is settled. What was never committed is absent. */
export async function stablePositions(
  client: Base,
  time: Patience,
  group: string,
  partitions: readonly Partition[],
): Promise<Position[]> {
  if (partitions.length === 0) return [] // a request for no topic would be one for all
  const topics = byTopic(partitions).map(([name, partitions]) => ({
    name,
    partitionIndexes: partitions.map(({ partition }) => partition),
  }))
  const asked = [{ groupId: group, memberEpoch: -1, topics }]
  const coordinator = { type: 'GROUP', key: group } as const
  const { groups } = await callCoordinator(client, time, coordinator, offsetFetchV8.api, asked, true)
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

/** Asks the leaders, whoever they are by then at each attempt: the library's own call asks those it found first. */
async function listOffsets(
  client: Base,
  time: Patience,
  partitions: readonly Partition[],
  timestamp: bigint,
  isolationLevel: number,
): Promise<(Position & { readonly leaderEpoch: number })[]> {
  return persist(time, async () => {
    const topics = [...new Set(partitions.map(({ topic }) => topic))]
    const metadata = await topicsOf(client, time, topics, { fresh: true })
    const epochOf = (topic: string, partition: number) =>
      metadata.topics.get(topic)?.partitions[partition]?.leaderEpoch ?? -1
    const byLeader = Map.groupBy(partitions, of => leaderOf(metadata, of))
    const answers = [...byLeader].map(async ([leader, led]) => {
      const connection = await client.connections.get(metadata.brokers.get(leader)!)
      const asked = byTopic(led).map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition: partitionIndex }) => ({
          partitionIndex,
          currentLeaderEpoch: epochOf(name, partitionIndex), // who is no longer the leader, or again, refuses
          timestamp,
        })),
      }))
      return listOffsetsV7.api.async(connection, anyReplica, isolationLevel, asked)
    })
    return (await Promise.all(answers)).flatMap(({ topics }) =>
      topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, offset }) => ({
          topic,
          partition,
          offset,
          leaderEpoch: epochOf(topic, partition),
        })),
      ),
    )
  })
}

/** -1 while there is none; then there is no such broker either, and the call is tried again. */
export function leaderOf({ topics }: ClusterMetadata, { topic, partition }: Partition): number {
  return topics.get(topic)?.partitions[partition]?.leader ?? -1
}
