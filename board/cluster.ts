import type { Admin, BrokerInfo } from '../edge-broker/kafka.ts'
import type { LagWatch } from './lag.ts'
import type { BrokerStatus, Lag } from './status.ts'

export type ClusterQuestion = {
  /** Brokers that there should be; one missing from the cluster is shown as down. */
  readonly brokers: readonly BrokerInfo[]
  /** Consumer group of the processors. */
  readonly group: string
}

const processedTopics = ['telemetry', 'waveforms'] as const

/** One look at brokers, replicas and lag. Rejects as `Admin` does. */
export async function lookAtCluster(
  admin: Admin,
  question: ClusterQuestion,
  watch: LagWatch,
  now: number,
): Promise<{ brokers: BrokerStatus[]; lag: Lag }> {
  const topics = await admin.topics()
  const processed = processedTopics.filter(topic => topics.includes(topic))
  const [live, replicas, lag] = await Promise.all([
    admin.brokers(),
    admin.replicas(topics),
    processed.length > 0 ? lagOf(admin, question.group, processed, watch, now) : { records: null },
  ])
  const short = replicas.filter(partition => partition.inSync < partition.replicas)
  const brokers = mergeBrokers(question.brokers, live).map(broker => ({
    ...broker,
    underReplicated: short.filter(partition => partition.leader === broker.id).length,
  }))
  return { brokers, lag }
}

async function lagOf(admin: Admin, group: string, topics: readonly string[], watch: LagWatch, now: number) {
  const [starts, positions, ends] = await Promise.all([
    admin.offsets(topics, 'earliest'),
    admin.groupPositions(group, topics),
    admin.offsets(topics, 'latest'),
  ])
  return watch.observe(now, starts, positions, ends)
}

function mergeBrokers(expected: readonly BrokerInfo[], live: readonly BrokerInfo[]): BrokerStatus[] {
  const liveIds = new Set(live.map(broker => broker.id))
  const missing = expected.filter(broker => !liveIds.has(broker.id))
  return [
    ...live.map(({ id, host, port }) => ({ id, host, port, up: true })),
    ...missing.map(({ id, host, port }) => ({ id, host, port, up: false })),
  ].sort((a, b) => a.id - b.id)
}
