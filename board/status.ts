/**
 * The plant at one moment, as `millrace status --json` prints it, `GET /api/status` answers it and the page shows it.
 * Times are ISO 8601 UTC. Fields are only ever added.
 */
import type { AssetId, Severity } from '../model/index.ts'

export type PlantStatus = {
  plant: string
  at: string
  feed: FeedStatus
  brokers: BrokerStatus[]
  machines: MachineStatus[]
  /** The ledger: what each source has done so far. */
  sources: SourceStatus[]
  /** Sum over the sources that report now. */
  samplesPerSecond: number
  lag: Lag
  alarms: { open: OpenAlarm[] }
  replication: ReplicationStatus
  losses: Losses
  configuration: ConfigurationStatus
  /** What was removed from full disks before its time; one entry a topic. */
  shed: ShedStatus[]
  board: { url?: string }
}

/** Whether this view of the plant is fed. While `away`, everything else is the last that was known. */
export type FeedStatus = {
  state: 'connecting' | 'catching-up' | 'live' | 'away'
  /** Since when it is in this state. */
  since: string
  /** Why it is away, and what to do. */
  reason?: string
  /** Records of the followed topics that could not be read. */
  badPayloads: number
  /** Records of tags and signals left out because the view's bound was reached. */
  leftOut: number
}

export type BrokerStatus = {
  id: number
  host: string
  port: number
  /** Whether it is in the cluster, as seen from here. */
  up: boolean
  /** Partitions it leads that have fewer copies in sync than they should. */
  underReplicated?: number
}

export type MachineState =
  | 'connected'
  | 'connecting'
  | 'degraded'
  | 'disconnected'
  | 'stopped'
  /** Its source has not reported, or not for a while: `reason` says which. */
  | 'unknown'

export type MachineStatus = {
  asset: AssetId
  name: string
  source: string
  connector: string
  /** The server that reads it, or was the last to. */
  server?: string
  state: MachineState
  reason?: string
  badTags: { tag: string; reason: string }[]
  /** Of its source, which may serve more than this asset. */
  samplesPerSecond: number
  /** End of the last one-second window that has samples of it, or the source time of its last signal. */
  lastSampleAt?: string
}

/** How far the processors are behind the end of telemetry and waveforms. */
export type Lag = {
  /** Sum over the partitions; null while not known. */
  records: number | null
  /** Age of the oldest record waiting; absent where one look cannot tell. */
  seconds?: number
}

export type OpenAlarm = {
  id: string
  asset: AssetId
  signal: string
  severity: Severity
  since: string
  value: number | null
  unit: string
  reason: string
}

/** Null: not known. */
export type ReplicationStatus = {
  records: number | null
  lagSeconds: number | null
  at?: string
  /** Why it is not known or old. */
  reason?: string
}

/** Counts of samples; see the schema `ledger-v1`. */
export type SourceStatus = {
  source: string
  connector: string
  /** Null: its protocol cannot tell how many were due. */
  expected: number | null
  received: number
  bad: number
  /** One entry a cause of which anything is lost. */
  lost: Loss[]
  /** Of what was received: dropped from the full disk buffer before it was sent. */
  dropped: number
  /** Records that wait on disk, and their share of the buffer, 0 to 1. */
  buffered: number
  bufferUsed: number
  epoch: number
  /** Last sequence number given, and last one in Kafka. */
  seq: number
  position: number
  /** How far the device's clock is ahead of the server's, where the protocol tells it. */
  clock?: { offsetMs: number; uncertaintyMs: number }
}

/** `samples` are known; `andMore`: an unknown number besides. */
export type Loss = { cause: string; samples: number; andMore: boolean }

/** Sums over the partitions of a topic. */
export type ShedStatus = {
  topic: string
  /** Records, and a few marks of transactions. */
  offsets: number
  /** The last time, and why. */
  at: string
  reason: string
}

/** Which plant folder each service runs, and what of it was refused. */
export type ConfigurationStatus = {
  services: { service: string; server: string; hash: string }[]
  refused: RefusedStatus[]
}

export type RefusedStatus = {
  at: string
  /** Who refused it: a service on a server. */
  by: string[]
  problems: { file: string; line: number; column: number; message: string }[]
  count: number
}

/** Samples known to be lost between machine and Kafka, all sources together. */
export type Losses = {
  queueOverflow: number
  outage: number
  bufferFull: number
  /** All causes together. */
  total: number
  /** Sources of which an unknown number more is lost: the sums are then lower bounds. */
  unknownFrom: string[]
}
