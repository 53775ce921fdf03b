import { join } from 'node:path'
import type { NodeSpec } from './node-spec.ts'

/** Largest record batch a broker takes, bytes. Writers send less at once; only a single record may be that big. */
export const maxMessageBytes = 4 * 1024 * 1024

/** Turns a certificate's subject into the principal's name; a subject that is not a bare CN stays whole and has no ACL. */
const principalRule = 'RULE:^CN=([^,=]+)$/$1/,DEFAULT'

/** The whole configuration of one combined broker and controller (KRaft); nothing is left to a plaintext default. */
export function serverProperties(spec: NodeSpec): Record<string, string> {
  const self = spec.nodes.find(node => node.nodeId === spec.nodeId)
  if (!self) throw new RangeError(`node ${spec.nodeId} is not among the cluster's nodes`)
  const controllers = spec.nodes.map(node => `${node.address}:${node.controllerPort}`)
  return {
    'process.roles': 'broker,controller',
    'node.id': String(spec.nodeId),
    'controller.quorum.bootstrap.servers': controllers.join(','),
    listeners: `MTLS://${self.address}:${self.brokerPort},CONTROLLER://${self.address}:${self.controllerPort}`,
    'advertised.listeners': `MTLS://${self.address}:${self.brokerPort}`,
    'listener.security.protocol.map': 'MTLS:SSL,CONTROLLER:SSL',
    'inter.broker.listener.name': 'MTLS',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(spec.dir, 'data'),
    ...security(spec),
    ...durability(spec.nodes.length),
    ...liveness,
    ...spec.overrides,
  }
}

function security(spec: NodeSpec): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(spec.dir, 'keystore.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': spec.tls.ca,
    'ssl.enabled.protocols': 'TLSv1.3',
    'ssl.client.auth': 'required',
    'ssl.principal.mapping.rules': principalRule,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': spec.superUsers.map(name => `User:${name}`).join(';'),
  }
}

/**
 * Every acknowledged record is on min-ISR servers and within 1.5 s on their disks, checkpoints included, so that a power
 * cut of the whole hall takes less than what disk buffers replay. A broker that is alone flushes before it acknowledges.
 */
function durability(nodes: number): Record<string, string> {
  const replicas = String(Math.min(nodes, 3))
  const inSync = nodes >= 3 ? '2' : '1'
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '12',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '12',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'auto.create.topics.enable': 'false',
    'message.max.bytes': String(maxMessageBytes),
    'replica.fetch.max.bytes': String(maxMessageBytes),
    // Positions of a source that is off for the holidays stay; by default they are forgotten after a week.
    'offsets.retention.minutes': String(10 * 365 * 24 * 60),
    'offset.metadata.max.bytes': '16384',
    'delete.topic.enable': 'false', // who may remove records of a topic may not remove the topic
    'log.retention.check.interval.ms': '10000', // what is shed from a full disk is free soon
    'log.segment.delete.delay.ms': '5000',
    'log.initial.task.delay.ms': '1000', // flushing and retention, too, begin that long after a start: 30 s by default
    'log.flush.interval.ms': '1000',
    'log.flush.scheduler.interval.ms': '500',
    'log.flush.offset.checkpoint.interval.ms': '1000',
    ...(nodes === 1 ? { 'log.flush.interval.messages': '1' } : {}),
  }
}

/** A dead server is out of the cluster after six seconds, and a group does not wait long for its first members. */
const liveness = {
  'broker.session.timeout.ms': '6000',
  'broker.heartbeat.interval.ms': '1000',
  'request.timeout.ms': '6000', // of brokers among themselves: one that is frozen is not waited for longer than a dead one
  'group.initial.rebalance.delay.ms': '500',
}
