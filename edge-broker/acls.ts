import type { Acl } from './kafka.ts'
import { type ClusterPlan, exportRows, type Party, type Topic, topicTable } from './topics.ts'

type Rule = Omit<Acl, 'principal'>

const on = (
  resource: Acl['resource'],
  name: string,
  operations: readonly Acl['operation'][],
  pattern: Acl['pattern'] = 'literal',
): Rule[] => operations.map(operation => ({ resource, name, pattern, operation }))

const granted = (principal: string, rules: readonly Rule[]): Acl[] =>
  rules.map(rule => ({ principal: `User:${principal}`, ...rule }))

/** What a service needs besides topics. Transactional ids and groups begin with their owner's name. */
const besides: Readonly<Record<Exclude<Party, 'clients'>, readonly Rule[]>> = {
  connectors: owner('connectors'),
  processors: owner('processors'),
  // Board and operator look at replicas and lag of everything: that a topic exists, not what is in it.
  board: [...on('topic', '*', ['describe']), ...on('group', '*', ['describe'])],
  replicator: [],
  'replication-monitor': owner('replication-monitor'),
  // To remove records is to delete on a topic; brokers let nobody delete the topic itself.
  shedder: [...owner('shedder'), ...on('cluster', 'kafka-cluster', ['describe'])],
  trainer: [],
  operator: [...on('topic', '*', ['describe', 'describe-configs']), ...on('group', '*', ['describe'])],
  // It commits no position: what it has put back is marked in the topic itself.
  retrier: on('transactional-id', 'retrier', ['write']),
}

function owner(name: string): Rule[] {
  return [...on('transactional-id', name, ['write'], 'prefixed'), ...on('group', name, ['read'], 'prefixed')]
}

/** Every access list of a plant's cluster, from the topic table. Write and read include describe. */
export function plantAcls(plant: Pick<ClusterPlan, 'name' | 'region'>): Acl[] {
  const rows = [...topicTable, ...exportRows(plant)]
  const principals = Object.keys(besides) as (keyof typeof besides)[]
  return principals.flatMap(principal => [
    ...granted(principal, topicRules(rows, principal)),
    ...granted(principal, besides[principal]),
  ])
}

/**
 * What a foreign reader gets: to read every documented topic, in consumer groups called like the principal or
 * `<principal>.<anything>`. No right to write anywhere.
 */
export function clientAcls(plant: Pick<ClusterPlan, 'name' | 'region'>, principal: string): Acl[] {
  const rows = [...topicTable, ...exportRows(plant)]
  return granted(principal, [
    ...topicRules(rows, 'clients'),
    ...on('group', principal, ['read']),
    ...on('group', `${principal}.`, ['read'], 'prefixed'),
  ])
}

/**
 * What the region grants to the plant's replicator and to whoever watches it. The replicator keeps its own books
 * (`mm2-*`) there, and commits records and source positions in one transaction.
 */
export function regionAcls(plant: Pick<ClusterPlan, 'name'>): Acl[] {
  const arrivals = `${plant.name}.export.`
  return [
    ...granted('replicator', [
      ...on('topic', arrivals, ['write'], 'prefixed'),
      ...on('topic', 'mm2-', ['create', 'read', 'write', 'describe-configs'], 'prefixed'),
      ...on('group', `${plant.name}-mm2`, ['read'], 'prefixed'),
      ...on('transactional-id', `${plant.name}-mm2`, ['write'], 'prefixed'),
      ...on('transactional-id', `connect-cluster-${plant.name}-mm2`, ['write']),
    ]),
    ...granted('replication-monitor', on('topic', arrivals, ['read'], 'prefixed')),
  ]
}

/** After a power cut of the hall processors look which of their results are there. */
const readsBack = ({ writers }: Topic, party: Party): boolean =>
  party === 'processors' && writers.includes(party)

function topicRules(rows: readonly Topic[], party: Party): Rule[] {
  return rows.flatMap(row => [
    ...(row.writers.includes(party) ? on('topic', row.name, ['write']) : []),
    ...(row.readers.includes(party) || readsBack(row, party) ? on('topic', row.name, ['read']) : []),
    ...(party === 'shedder' && row.shed !== undefined ? on('topic', row.name, ['delete']) : []),
  ])
}
