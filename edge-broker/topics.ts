import type { TopicSpec } from './kafka.ts'

/** What this folder must know of a plant. */
export type ClusterPlan = {
  readonly name: string
  readonly partitions: number
  readonly servers: readonly { readonly services: readonly string[] }[]
  readonly region?: { readonly name: string; readonly exports: readonly string[] }
}

/**
 * Kafka principals of the plant's own services; `clients` stands for every foreign reader, `retrier` for the command that
 * puts dead letters back.
 */
export type Party =
  | 'connectors'
  | 'processors'
  | 'board'
  | 'replicator'
  | 'replication-monitor'
  | 'shedder'
  | 'operator'
  | 'retrier'
  | 'trainer'
  | 'clients'

/** One row of the topic table. */
export type Topic = {
  readonly name: string
  readonly key: string
  /** One line for the reference. */
  readonly what: string
  /** `plant`: as many as the plant declares, a record being in the partition of its line; else one. */
  readonly partitions: 'plant' | 1
  readonly keep: Kept
  readonly writers: readonly Party[]
  readonly readers: readonly Party[]
  /** When disks fill up, topics are thinned out in this order, 1 first. Without it: never. */
  readonly shed?: number
}

/** Bytes are of one partition on one server. */
export type Kept = 'compacted' | { readonly days: number; readonly gib: number }

const everybody: readonly Party[] = ['operator', 'clients']
const year = 365

/** Every topic of a plant but its exports. Topics, access lists and the reference are made from this table. */
export const topicTable: readonly Topic[] = [
  {
    name: 'telemetry',
    key: 'asset',
    what: 'all samples of one asset in one publishing interval',
    partitions: 'plant',
    keep: { days: 7, gib: 8 },
    writers: ['connectors', 'retrier'],
    readers: ['connectors', 'processors', 'trainer', ...everybody],
    shed: 4,
  },
  {
    name: 'waveforms',
    key: 'asset/sensor',
    what: 'vibration blocks: float32 little endian; rate, unit and time in headers',
    partitions: 'plant',
    keep: { days: 2, gib: 8 },
    writers: ['connectors', 'retrier'],
    readers: ['connectors', 'processors', ...everybody],
    shed: 1,
  },
  {
    name: 'aggregates-1s',
    key: 'asset',
    what: 'per tag and second: count, min, max, mean, std, last, share of good quality',
    partitions: 'plant',
    keep: { days: 7, gib: 4 },
    writers: ['processors'],
    readers: ['board', ...everybody],
    shed: 3,
  },
  {
    name: 'aggregates-1m',
    key: 'asset',
    what: 'the same per minute',
    partitions: 'plant',
    keep: { days: 2 * year, gib: 8 },
    writers: ['processors'],
    readers: ['board', ...everybody],
  },
  {
    name: 'aggregates-1h',
    key: 'asset',
    what: 'the same per hour',
    partitions: 'plant',
    keep: { days: 10 * year, gib: 4 },
    writers: ['processors'],
    readers: ['board', ...everybody],
  },
  {
    name: 'signals',
    key: 'asset',
    what: 'condition indicators with value, limits, verdict and reason',
    partitions: 'plant',
    keep: { days: 5 * year, gib: 8 },
    writers: ['processors'],
    readers: ['processors', 'board', 'trainer', ...everybody],
  },
  {
    name: 'parts',
    key: 'asset',
    what: 'one record a produced part or machine cycle: features, limits, verdict',
    partitions: 'plant',
    keep: { days: 5 * year, gib: 8 },
    writers: ['processors'],
    readers: ['board', ...everybody],
  },
  {
    name: 'alarms',
    key: 'alarm id',
    what: 'current state of every alarm',
    partitions: 'plant',
    keep: 'compacted',
    writers: ['processors'],
    readers: ['board', ...everybody],
  },
  {
    name: 'alarm-events',
    key: 'alarm id',
    what: 'history of every alarm, one record a change',
    partitions: 'plant',
    keep: { days: 10 * year, gib: 4 },
    writers: ['processors'],
    readers: ['board', ...everybody],
  },
  {
    name: 'commands',
    key: 'asset',
    what: 'what was asked of a machine, by whom and why; nobody may ask yet',
    partitions: 'plant',
    keep: { days: 10 * year, gib: 2 },
    writers: [],
    readers: ['board', ...everybody],
  },
  {
    name: 'command-results',
    key: 'asset',
    what: 'what became of a command',
    partitions: 'plant',
    keep: { days: 10 * year, gib: 2 },
    writers: [],
    readers: ['board', ...everybody],
  },
  {
    name: 'models',
    key: 'model id',
    what: 'parameters or ONNX, with their training positions and scores; which of a class are in force',
    partitions: 1,
    keep: 'compacted',
    writers: ['trainer'],
    readers: ['processors', 'board', 'trainer', ...everybody],
  },
  {
    name: 'labels',
    key: 'asset',
    what: 'what people know: failures, repairs, alarms that were true or false',
    partitions: 'plant',
    keep: { days: 10 * year, gib: 1 },
    writers: ['trainer'],
    readers: ['processors', 'board', 'trainer', ...everybody],
  },
  {
    name: 'leases',
    key: 'server',
    what: 'every second, which sources a connectors service reads; its silence moves them. Internal, no contract',
    partitions: 1,
    keep: 'compacted',
    writers: ['connectors'],
    readers: ['connectors', 'operator'],
  },
  {
    name: 'processor-leases',
    key: 'server',
    what: 'every second, which partitions a processors service processes; its silence moves them. Internal, no contract',
    partitions: 1,
    keep: 'compacted',
    writers: ['processors'],
    readers: ['processors', 'operator'],
  },
  {
    name: 'ledger',
    key: 'source/server',
    what: 'what each source has done, by server: position, counts, losses, revised intervals; what was replicated; what was shed from full disks; which configuration each service runs',
    partitions: 1,
    keep: 'compacted',
    writers: ['connectors', 'processors', 'replication-monitor', 'shedder'],
    readers: ['connectors', 'processors', 'board', 'replication-monitor', 'shedder', ...everybody],
  },
  {
    name: 'activations',
    key: 'plant',
    what: 'ticks, configuration and model changes with their positions in the input',
    partitions: 'plant',
    keep: { days: 10 * year, gib: 4 },
    writers: ['processors'],
    readers: ['processors', 'board', ...everybody],
  },
  {
    name: 'dead-letter',
    key: 'as source',
    what: 'what could not be read, as it was; reason and position in headers; a mark for each that was put back',
    partitions: 'plant',
    keep: { days: 28, gib: 1 },
    writers: ['processors', 'retrier'],
    readers: ['retrier', 'board', ...everybody],
    shed: 2,
  },
  {
    name: 'state',
    key: 'processor@asset',
    what: "the processors' state, restored when a task moves; internal, no contract",
    partitions: 'plant',
    keep: 'compacted',
    writers: ['processors'],
    readers: ['processors', 'operator'],
  },
]

/** The topic that holds what may leave for a destination: `export.<destination>.<topic>`. */
export function exportTopic(destination: string, topic: string): string {
  return `export.${destination}.${topic}`
}

/** That topic's name at its destination, where many plants arrive: `<plant>.export.<destination>.<topic>`. */
export function arrivalTopic(plant: string, destination: string, topic: string): string {
  return `${plant}.${exportTopic(destination, topic)}`
}

/** The rows of a plant's export topics, one a topic that its policy lets out. */
export function exportRows({ region }: Pick<ClusterPlan, 'region'>): Topic[] {
  return (region?.exports ?? []).map(name => ({
    name: exportTopic(region!.name, name),
    key: 'as source',
    what: `${name}, as far as the export policy lets it out`,
    partitions: 'plant',
    keep: { days: 7, gib: 2 },
    writers: ['processors'],
    readers: ['replicator', 'replication-monitor', ...everybody],
    shed: 5,
  }))
}

/** Every topic of a plant, as `Admin.createTopics` takes them. */
export function topicSpecs(plant: ClusterPlan): TopicSpec[] {
  const brokers = plant.servers.filter(server => server.services.includes('broker')).length
  return [...topicTable, ...exportRows(plant)].map(row => specOf(row, plant.partitions, brokers))
}

/** What a plant's exports arrive in; `brokers` is the size of the region. Kept a year, whoever reads them. */
export function regionTopicSpecs(plant: ClusterPlan, brokers = 1): TopicSpec[] {
  return exportRows(plant).map(row => ({
    ...specOf({ ...row, keep: { days: year, gib: 16 } }, plant.partitions, brokers),
    name: `${plant.name}.${row.name}`,
  }))
}

function specOf({ name, partitions, keep }: Topic, plantPartitions: number, brokers: number): TopicSpec {
  return {
    name,
    partitions: partitions === 'plant' ? plantPartitions : partitions,
    replicas: Math.min(3, brokers),
    config: {
      'min.insync.replicas': brokers >= 3 ? '2' : '1',
      ...(keep === 'compacted' ? compacted : deleted(keep)),
    },
  }
}

/** Small segments, cleaned soon: what is compacted is read from its beginning whenever a service starts. */
const compacted = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(32 * 1024 ** 2),
  'segment.ms': String(10 * 60_000),
  'min.cleanable.dirty.ratio': '0.2',
  'min.compaction.lag.ms': '60000', // a state can be had as it was some seconds ago
}

/** Kafka removes whole segments, and never the one that is being written. */
export const segmentBytes = 128 * 1024 ** 2

function deleted({ days, gib }: { days: number; gib: number }): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(days * 86_400_000),
    'retention.bytes': String(gib * 1024 ** 3),
    'segment.bytes': String(segmentBytes),
  }
}
