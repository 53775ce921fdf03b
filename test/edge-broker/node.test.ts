import { describe, expect, test } from 'vitest'
import { clusterIdOf, directoryIdOf, propertiesText } from '../../edge-broker/node.ts'
import type { NodeSpec } from '../../edge-broker/node-spec.ts'
import { serverProperties } from '../../edge-broker/server-properties.ts'

const nodes = [1, 2, 3].map(nodeId => ({
  nodeId,
  address: `10.0.0.${nodeId}`,
  brokerPort: 9094,
  controllerPort: 9093,
}))

const spec = (overrides: Partial<NodeSpec> = {}): NodeSpec => {
  return {
    nodeId: 2,
    nodes,
    clusterId: clusterIdOf('certificate', 'demo'),
    superUsers: ['broker-1', 'broker-2', 'broker-3', 'admin'],
    dir: '/state/broker',
    tls: { ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem' },
    ...overrides,
  }
}

describe('server properties', () => {
  test('every listener is mutual TLS, controller and brokers among themselves too', () => {
    const properties = serverProperties(spec())
    const names = properties.listeners!.split(',').map(listener => listener.split('://')[0]!)
    expect(names).toEqual(['MTLS', 'CONTROLLER'])
    expect(properties['listener.security.protocol.map']).toBe('MTLS:SSL,CONTROLLER:SSL')
    expect(names).toContain(properties['inter.broker.listener.name'])
    expect(properties['ssl.client.auth']).toBe('required')
    expect(JSON.stringify(properties)).not.toMatch(/PLAINTEXT|ANONYMOUS|SASL/)
  })

  test('without an access list nobody gets in but the super users', () => {
    const properties = serverProperties(spec())
    expect(properties['allow.everyone.if.no.acl.found']).toBe('false')
    expect(properties['super.users']).toBe('User:broker-1;User:broker-2;User:broker-3;User:admin')
    expect(properties['authorizer.class.name']).toMatch(/StandardAuthorizer$/)
    expect(properties['auto.create.topics.enable']).toBe('false')
  })

  test('three brokers keep two copies at least; one flushes before it acknowledges', () => {
    expect(serverProperties(spec())).toMatchObject({
      'transaction.state.log.replication.factor': '3',
      'transaction.state.log.min.isr': '2',
      'min.insync.replicas': '2',
      'log.flush.interval.ms': '1000',
      'log.flush.scheduler.interval.ms': '500',
      'log.flush.offset.checkpoint.interval.ms': '1000',
    })
    expect(serverProperties(spec({ nodeId: 1, nodes: nodes.slice(0, 1) }))).toMatchObject({
      'offsets.topic.replication.factor': '1',
      'min.insync.replicas': '1',
      'log.flush.interval.messages': '1',
    })
  })

  test('a node that is not in the list is a mistake', () => {
    const stranger = spec({ nodeId: 9 })
    expect(() => serverProperties(stranger)).toThrow(/node 9/)
  })

  test('backslashes survive the file', () => {
    expect(propertiesText({ a: 'b\\.c' })).toBe('a=b\\\\.c\n')
  })
})

describe('ids', () => {
  test('are Kafka uuids, the same on every server, different for every cluster and node', () => {
    const clusters = ['one', 'two'].map(name => clusterIdOf('certificate', name))
    const ids = clusters.flatMap(cluster => [
      cluster,
      ...nodes.map(node => directoryIdOf(cluster, node.nodeId)),
    ])
    expect(new Set(ids).size).toBe(8)
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(16)
    expect(clusterIdOf('certificate', 'one')).toBe(clusters[0])
  })

  test('never begin with a dash, which a command line takes for an option', () => {
    for (let node = 0; node < 2_000; node++) expect(directoryIdOf('cluster', node)).not.toMatch(/^-/)
  })
})
