/**
 * What the rest of the product knows of Kafka. Four things only:
 *
 *   task     reads positions, and writes records and positions in one transaction, under a stable id that fences
 *            whoever held it before: exactly once
 *   reader   reads committed records of given partitions from a given place, with back-pressure
 *   writer   idempotent, acks=all; resolves when the records are on min-ISR brokers
 *   admin    topics, offsets, ACLs, brokers
 *
 * Only files in edge-broker/client/ import a Kafka client.
 */

import type { Disk } from './disk/plan.ts'

/** Where a cluster is and who we are to it. Paths name PEM files; the key's mode is 0600. */
export type Connection = {
  readonly bootstrap: readonly string[]
  readonly clientId: string
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
}

export type OutRecord = {
  readonly topic: string
  readonly partition: number
  readonly key: string
  /** null is a tombstone in a compacted topic */
  readonly value: Uint8Array | string | null
  readonly headers?: Readonly<Record<string, string>>
  /** ms UTC; default: now */
  readonly timestamp?: number
}

export type InRecord = {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** ms UTC */
  readonly timestamp: number
  readonly key: string
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, string>
}

/** A partition, and the group whose position in it is meant; left out: the task's own. */
export type Place = { readonly topic: string; readonly partition: number; readonly group?: string }

/** The next offset to read (or, for a disk buffer, to send) of one partition. */
export type Position = Place & {
  readonly offset: bigint
  /** Any short text kept beside the offset; brokers take `offset.metadata.max.bytes` of it. */
  readonly metadata?: string
}

export interface Task {
  /** Stable positions, read after the predecessor was fenced and its transaction settled. Absent: never committed. */
  positions(of: readonly Place[]): Promise<Position[]>
  /**
   * One transaction: all of it becomes visible, or nothing. Records of one partition keep their order. Any size: it is
   * chunked below the broker's limit. On a rejection with a transient error the caller reads `positions` again and goes
   * on from there; on `fenced` it must stop.
   */
  commit(records: readonly OutRecord[], positions: readonly Position[]): Promise<void>
  /**
   * Aborts what a power cut has left open of this id in these partitions and in its group, and resolves once the marks are
   * written: where the mark of its last transaction was lost with the end of a log, readers of committed records, and of the
   * positions, would wait for ever.
   */
  settle(partitions: readonly { topic: string; partition: number }[]): Promise<void>
  close(): Promise<void>
}

export type ReaderStart = 'earliest' | 'latest' | { readonly timestamp: number } | readonly Position[]

/** Batches in partition order. The next fetch waits until the last batch was taken: a slow consumer bounds memory. */
export interface Reader extends AsyncIterable<readonly InRecord[]> {
  /** As of the last answers there is nothing that was not taken. */
  readonly isAtEnd: boolean
  /** Safe at any time; ends the iteration. */
  close(): Promise<void>
}

export interface Writer {
  /** @throws MillraceError `broker-unavailable` (transient) when the time is up and it is not known to be written */
  write(records: readonly OutRecord[]): Promise<void>
  close(): Promise<void>
}

export type TopicSpec = {
  readonly name: string
  readonly partitions: number
  readonly replicas: number
  readonly config: Readonly<Record<string, string>>
}

export type Acl = {
  /** as Kafka knows it: `User:connectors` */
  readonly principal: string
  readonly resource: 'topic' | 'group' | 'transactional-id' | 'cluster'
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  readonly operation:
    | 'read'
    | 'write'
    | 'create'
    | 'describe'
    | 'alter'
    | 'delete'
    | 'describe-configs'
    | 'alter-configs'
    | 'idempotent-write'
    | 'cluster-action'
    | 'all'
}

export type BrokerInfo = { readonly id: number; readonly host: string; readonly port: number }

export type Replicas = {
  readonly topic: string
  readonly partition: number
  readonly leader: number
  readonly inSync: number
  readonly replicas: number
}

export interface Admin {
  brokers(): Promise<BrokerInfo[]>
  topics(): Promise<string[]>
  /** Per topic and partition: how many replicas are in sync, and how many there should be. */
  replicas(topics: readonly string[]): Promise<Replicas[]>
  /** Counts the leaders of each partition, as its present leader says: a log is never cut while that stays the same. */
  leaderEpochs(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<{ topic: string; partition: number; leaderEpoch: number }[]>
  /** Creates what is missing; what exists stays as it is. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>
  createAcls(acls: readonly Acl[]): Promise<void>
  /**
   * `latest`: the last stable offset, for readers of committed records. `written`: the end, open transactions and all.
   * Of a time (ms UTC) the first record that is not older, or `latest` where there is none.
   */
  offsets(
    topics: readonly string[],
    at: 'earliest' | 'latest' | 'written' | { readonly timestamp: number },
  ): Promise<Position[]>
  /** The disk of every broker that is up, and the size there of each partition of these topics. */
  disks(topics: readonly string[]): Promise<Disk[]>
  /** Removes what lies before an offset. @throws MillraceError `unauthorised` */
  deleteRecords(before: readonly Position[]): Promise<void>
  /** Stable committed positions of a group; or, unsettled, those before what is not settled yet. */
  groupPositions(
    group: string,
    topics: readonly string[],
    options?: { readonly unsettled?: boolean },
  ): Promise<Position[]>
  close(): Promise<void>
}

/** Opens the four. Each waits for its brokers within `timeoutMs` and then rejects with `broker-unavailable`. */
export interface Kafka {
  task(options: { id: string; group: string; signal?: AbortSignal }): Promise<Task>
  /**
   * With `end`, the iteration ends by itself once every partition was read up to (not with) its offset there; control
   * records and aborted ones count as read. A partition that `end` does not name is not waited for.
   * Where retention has removed records that were to be read next, `onGap` is told and the reading goes on behind them;
   * without it the iteration rejects with `bad-address`.
   */
  reader(options: {
    partitions: readonly { topic: string; partition: number }[]
    start: ReaderStart
    end?: readonly Position[]
    onGap?: (gap: { topic: string; partition: number; from: bigint; to: bigint }) => void
  }): Promise<Reader>
  writer(): Promise<Writer>
  admin(): Promise<Admin>
}
