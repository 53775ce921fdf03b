import {
  AclOperations,
  AclPermissionTypes,
  Admin as Client,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka'
import { MillraceError } from '../../model/index.ts'
import type { Disk } from '../disk/plan.ts'
import type { Acl, Admin, Position, TopicSpec } from '../kafka.ts'
import { clientOptions, contact, type Settings, topicsOf } from './connection.ts'
import { hasApiError, kafkaError } from './errors.ts'
import { byTopic, leaderEpochs, offsetsAt, type Partition, stablePositions } from './offsets.ts'
import { type Patience, patience, persist, within } from './patience.ts'

export async function openAdmin(settings: Settings): Promise<Admin> {
  const client = new Client({ ...clientOptions(settings), retries: 0 })
  const doing = <T>(what: string, work: (time: Patience) => Promise<T>): Promise<T> => {
    const time = patience(what, settings.timeoutMs)
    return within(time, work(time))
  }
  const close = () => client.close().catch(() => {})
  await doing('open an admin client', time => contact(client, time)).catch(thrown =>
    close().then(() => Promise.reject(thrown)),
  )

  return {
    brokers: () => doing('list the brokers', time => brokersOf(client, time)),
    topics: () => doing('list the topics', time => persist(time, () => client.listTopics())),
    replicas: topics => doing('list the replicas', time => replicasOf(client, time, topics)),
    createTopics: topics => doing('create topics', time => createTopics(client, time, topics)),
    createAcls: acls => doing('write access lists', time => createAcls(client, time, acls)),
    offsets: (topics, at) =>
      doing('list offsets', async time =>
        offsetsAt(client, time, await partitionsOf(client, time, topics), at),
      ),
    leaderEpochs: partitions => doing('ask the leaders', time => leaderEpochs(client, time, partitions)),
    disks: topics => doing('look at the disks', time => disksOf(client, time, topics)),
    deleteRecords: before => doing('remove records', time => deleteRecords(client, time, before)),
    groupPositions: (group, topics, { unsettled = false } = {}) =>
      doing(`read the positions of ${group}`, async time =>
        stablePositions(client, time, group, await partitionsOf(client, time, topics), !unsettled),
      ),
    close,
  }
}

async function brokersOf(client: Client, time: Patience) {
  const { brokers } = await topicsOf(client, time, [], { fresh: true })
  return [...brokers].map(([id, { host, port }]) => ({ id, host, port })).sort((a, b) => a.id - b.id)
}

async function replicasOf(client: Client, time: Patience, topics: readonly string[]) {
  const metadata = await topicsOf(client, time, topics, { fresh: true })
  return topics.flatMap(topic =>
    (metadata.topics.get(topic)?.partitions ?? []).map(({ leader, isr, replicas }, partition) => ({
      topic,
      partition,
      leader,
      inSync: isr.length,
      replicas: replicas.length,
    })),
  )
}

async function partitionsOf(client: Client, time: Patience, topics: readonly string[]): Promise<Partition[]> {
  const replicas = await replicasOf(client, time, [...new Set(topics)])
  return replicas.map(({ topic, partition }) => ({ topic, partition }))
}

async function disksOf(client: Client, time: Patience, names: readonly string[]): Promise<Disk[]> {
  const asked = byTopic(await partitionsOf(client, time, names)).map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition }) => partition),
  }))
  const brokers = await persist(time, () => client.describeLogDirs({ topics: asked }))
  return brokers.flatMap(({ broker, results }) =>
    results.map(({ totalBytes, usableBytes, topics }) => ({
      broker: Number(broker),
      totalBytes: Number(totalBytes),
      freeBytes: Number(usableBytes),
      partitions: topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, partitionSize }) => ({
          topic,
          partition,
          bytes: Number(partitionSize),
        })),
      ),
    })),
  )
}

async function deleteRecords(client: Client, time: Patience, before: readonly Position[]): Promise<void> {
  const topics = byTopic(before).map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset }) => ({ partition, offset })),
  }))
  await persist(time, () => client.deleteRecords({ topics }))
}

async function createTopics(client: Client, time: Patience, topics: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await persist(time, () => client.listTopics()))
  const missing = topics.filter(({ name }) => !existing.has(name))
  await Promise.all(missing.map(topic => persist(time, () => createTopic(client, topic))))
  await persist(time, () => allLed(client, time, missing))
}

async function createTopic(client: Client, { name, partitions, replicas, config }: TopicSpec): Promise<void> {
  const configs = Object.entries(config).map(([name, value]) => ({ name, value }))
  try {
    await client.createTopics({ topics: [{ topic: name, partitions, replicas }], configs })
  } catch (thrown) {
    if (!hasApiError(thrown, 'TOPIC_ALREADY_EXISTS')) throw kafkaError(thrown, `create topic ${name}`)
  }
}

/** A topic that exists can be used once every broker knows it and each of its partitions has a leader. */
async function allLed(client: Client, time: Patience, topics: readonly TopicSpec[]): Promise<void> {
  if (topics.length === 0) return
  const names = topics.map(({ name }) => name)
  const replicas = await replicasOf(client, time, names).catch(thrown => {
    throw notUsable(kafkaError(thrown, time.doing))
  })
  const led = replicas.filter(({ leader }) => leader >= 0).length
  if (led === topics.reduce((sum, { partitions }) => sum + partitions, 0)) return
  throw notUsable()
}

/** They were made: however busy the broker is that does not know them yet, it will. */
function notUsable(cause?: MillraceError): MillraceError {
  return new MillraceError('broker-unavailable', 'not every broker has heard of the new topics yet', {
    transient: true,
    cause,
    hint: 'See whether the machine has processor time left for the brokers',
  })
}

const resources = {
  topic: ResourceTypes.TOPIC,
  group: ResourceTypes.GROUP,
  'transactional-id': ResourceTypes.TRANSACTIONAL_ID,
  cluster: ResourceTypes.CLUSTER,
} as const satisfies Record<Acl['resource'], number>

const operations = {
  read: AclOperations.READ,
  write: AclOperations.WRITE,
  create: AclOperations.CREATE,
  describe: AclOperations.DESCRIBE,
  alter: AclOperations.ALTER,
  delete: AclOperations.DELETE,
  'describe-configs': AclOperations.DESCRIBE_CONFIGS,
  'alter-configs': AclOperations.ALTER_CONFIGS,
  'idempotent-write': AclOperations.IDEMPOTENT_WRITE,
  'cluster-action': AclOperations.CLUSTER_ACTION,
  all: AclOperations.ALL,
} as const satisfies Record<Acl['operation'], number>

async function createAcls(client: Client, time: Patience, acls: readonly Acl[]): Promise<void> {
  if (acls.length === 0) return
  const creations = acls.map(({ principal, resource, name, pattern, operation }) => ({
    principal,
    host: '*',
    resourceType: resources[resource],
    resourceName: name,
    resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
    operation: operations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }))
  await persist(time, () => client.createAcls({ creations }))
}
