/** MirrorMaker 2, dedicated mode: the plant's exports into the region, exactly once. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, javaCommand } from '../edge-broker/java.ts'
import type { Connection } from '../edge-broker/kafka.ts'
import { propertiesText, shortLived } from '../edge-broker/node.ts'
import { privateFolder, writeSecret } from '../edge-broker/secret-files.ts'
import { maxMessageBytes } from '../edge-broker/server-properties.ts'
import { exportTopic } from '../edge-broker/topics.ts'

export type ReplicatorSpec = {
  /** Name of the plant: prefix of its topics in the region. */
  readonly plant: string
  /** Name of the region: the exports' destination. */
  readonly region: string
  /** Where to read and where to write, each with the replicator's certificate there. */
  readonly edge: Connection
  readonly target: Connection
  /** Brokers that keep a copy in the region; 1 for a region of one broker. */
  readonly targetReplicas?: number
  /** Port on 127.0.0.1 for MirrorMaker's own workers, which exactly-once needs; nobody else may use it. */
  readonly restPort: number
  /** The replicator's own folder: configuration, key stores, log. */
  readonly dir: string
  readonly heapMiB?: number
}

/** Writes the configuration and key stores and gives the command to run. Idempotent. */
export async function prepareReplicator(spec: ReplicatorSpec): Promise<Command> {
  await privateFolder(spec.dir)
  await Promise.all([
    writeKeystore(join(spec.dir, 'edge.pem'), spec.edge),
    writeKeystore(join(spec.dir, 'region.pem'), spec.target),
  ])
  const file = join(spec.dir, 'mm2.properties')
  await writeSecret(file, propertiesText(mirrorMakerProperties(spec)))
  return javaCommand({
    mainClass: 'org.apache.kafka.connect.mirror.MirrorMaker',
    args: [file],
    heapMiB: spec.heapMiB ?? 384,
    dir: spec.dir,
    log: 'replicator.log',
    flags: shortLived, // it copies little; its start took 7 s of CPU, with these 4
  })
}

/**
 * The whole configuration. The plant's name is the source's alias, which prefixes its topics in the region. The target's
 * alias must not be a segment of a topic's name: MirrorMaker takes `export.region.signals` for something that came from
 * a cluster called "region" and would not send it back there.
 */
export function mirrorMakerProperties(spec: ReplicatorSpec): Record<string, string> {
  const source = spec.plant
  const target = `to_${spec.region}`
  const replicas = String(spec.targetReplicas ?? 1)
  return {
    clusters: `${source},${target}`,
    [`${source}->${target}.enabled`]: 'true',
    [`${target}->${source}.enabled`]: 'false',
    [`${source}->${target}.topics`]: `${exportTopic(spec.region, '').replaceAll('.', '\\.')}.*`,
    ...prefixed(source, mutualTls(spec.edge, join(spec.dir, 'edge.pem'))),
    ...prefixed(target, mutualTls(spec.target, join(spec.dir, 'region.pem'))),
    ...prefixed(source, {
      'consumer.isolation.level': 'read_committed',
      'consumer.auto.offset.reset': 'earliest',
    }),
    ...prefixed(target, {
      'producer.max.request.size': String(2 * maxMessageBytes),
      'producer.compression.type': 'lz4',
      'plugin.discovery': 'service_load',
    }),
    ...exactlyOnce(target, spec.restPort),
    ...onlyRecords,
    ...internalTopics(replicas),
    'plugin.discovery': 'service_load', // here and at the target: scanning every jar takes seconds, twice
    'replication.factor': replicas,
    'tasks.max': '1',
    'refresh.topics.interval.seconds': '30',
  }
}

const prefixed = (alias: string, settings: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${alias}.${name}`, value]))

function mutualTls({ bootstrap, tls }: Connection, keystore: string): Record<string, string> {
  return {
    'bootstrap.servers': bootstrap.join(','),
    'security.protocol': 'SSL',
    'ssl.enabled.protocols': 'TLSv1.3',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': tls.ca,
  }
}

/**
 * Records and source positions go to the region in one transaction. Enabled at the target cluster: with the flow's
 * prefix (`edge->region.`) it would be ignored. The workers' REST interface must be on for it, even for one worker.
 */
function exactlyOnce(target: string, restPort: number): Record<string, string> {
  return {
    [`${target}.exactly.once.source.support`]: 'enabled',
    'dedicated.mode.enable.internal.rest': 'true',
    listeners: `http://127.0.0.1:${restPort}`,
  }
}

/** Nothing but records: no configuration, rights, groups or heartbeats cross over, so none of their rights is needed. */
const onlyRecords = {
  'emit.heartbeats.enabled': 'false',
  'emit.checkpoints.enabled': 'false',
  'emit.offset-syncs.enabled': 'false',
  'sync.topic.configs.enabled': 'false',
  'sync.topic.acls.enabled': 'false',
  'sync.group.offsets.enabled': 'false',
}

function internalTopics(replicas: string): Record<string, string> {
  return {
    'config.storage.replication.factor': replicas,
    'offset.storage.replication.factor': replicas,
    'offset.storage.partitions': '1',
    'status.storage.replication.factor': replicas,
    'status.storage.partitions': '1',
  }
}

async function writeKeystore(path: string, { tls }: Connection): Promise<void> {
  const [cert, key] = await Promise.all([readFile(tls.cert, 'utf8'), readFile(tls.key, 'utf8')])
  await writeSecret(path, `${key}${cert}`)
}
