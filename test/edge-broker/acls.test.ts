import { describe, expect, test } from 'vitest'
import { clientAcls, plantAcls, regionAcls } from '../../edge-broker/acls.ts'
import type { Acl } from '../../edge-broker/kafka.ts'
import { exportRows, topicSpecs, topicTable } from '../../edge-broker/topics.ts'

const plant = {
  name: 'demo',
  partitions: 3,
  servers: [{ services: ['broker'] }, { services: ['broker'] }, { services: ['broker'] }],
  region: { name: 'region', exports: ['aggregates-1m', 'signals'] },
}
const acls = plantAcls(plant)

/** Topics that a principal may do something with. */
function topicsFor(principal: string, operation: Acl['operation'], of = acls): string[] {
  return of
    .filter(acl => acl.principal === `User:${principal}` && acl.resource === 'topic')
    .filter(acl => acl.operation === operation)
    .map(acl => acl.name)
}

describe('access lists of the plant', () => {
  test('the replicator reads exports and nothing else, and writes nothing', () => {
    expect(
      acls.filter(acl => acl.principal === 'User:replicator').map(acl => [acl.name, acl.operation]),
    ).toEqual([
      ['export.region.aggregates-1m', 'read'],
      ['export.region.signals', 'read'],
    ])
  })

  test('without a region the replicator may do nothing at all', () => {
    const { region: _, ...alone } = plant
    expect(plantAcls(alone).filter(acl => acl.principal === 'User:replicator')).toEqual([])
  })

  test('raw data is read by those who need it', () => {
    const readers = acls.filter(acl => acl.name === 'telemetry' && acl.operation === 'read')
    const needed = ['connectors', 'processors', 'trainer', 'operator']
    expect(readers.map(acl => acl.principal)).toEqual(needed.map(name => `User:${name}`))
  })

  test('connectors write what they read from machines, no result and no state', () => {
    expect(topicsFor('connectors', 'write')).toEqual(['telemetry', 'waveforms', 'leases', 'ledger'])
  })

  test('whoever trains writes models and labels, and nothing that was measured', () => {
    expect(topicsFor('trainer', 'write')).toEqual(['models', 'labels'])
  })

  test('of services only the operator may read every topic, and nobody may by a wildcard', () => {
    const all = [...topicTable, ...exportRows(plant)].map(row => row.name)
    expect(topicsFor('operator', 'read')).toEqual(all)
    expect(acls.filter(acl => acl.name === '*' && ['read', 'write'].includes(acl.operation))).toEqual([])
  })

  test('nobody is granted what only the admin does, but that the shedder removes records of what may be shed', () => {
    const others = [...acls, ...clientAcls(plant, 'client-lab')].filter(
      ({ principal }) => principal !== 'User:shedder',
    )
    expect([...new Set(others.map(acl => acl.operation))].sort()).toEqual([
      'describe',
      'describe-configs',
      'read',
      'write',
    ])
    expect(others.every(acl => acl.resource !== 'cluster')).toBe(true)
    const rows = [...topicTable, ...exportRows(plant)]
    expect(topicsFor('shedder', 'delete')).toEqual(rows.filter(row => row.shed).map(row => row.name))
    expect([topicsFor('shedder', 'write'), topicsFor('shedder', 'read')]).toEqual([['ledger'], ['ledger']])
    const onCluster = acls.filter(acl => acl.resource === 'cluster')
    expect(onCluster.map(({ principal, operation }) => [principal, operation])).toEqual([
      ['User:shedder', 'describe'],
    ])
  })

  test('transactional ids and groups begin with their owner', () => {
    const owned = acls.filter(acl => acl.resource === 'transactional-id')
    expect(owned.length).toBeGreaterThan(0)
    for (const acl of owned) expect(acl.principal).toBe(`User:${acl.name}`)
  })
})

describe('access lists of a foreign client', () => {
  const own = clientAcls(plant, 'client-lab')

  test('read every documented topic and write none', () => {
    const documented = [...topicTable, ...exportRows(plant)]
      .map(row => row.name)
      .filter(name => !['state', 'leases', 'processor-leases'].includes(name))
    expect(topicsFor('client-lab', 'read', own)).toEqual(documented)
    expect(own.filter(acl => acl.operation === 'write')).toEqual([])
  })

  test("no group of another client's begins with its name", () => {
    const groups = own.filter(acl => acl.resource === 'group')
    const covers = (acl: Acl, group: string) =>
      acl.pattern === 'literal' ? acl.name === group : group.startsWith(acl.name)
    expect(groups.some(acl => covers(acl, 'client-lab'))).toBe(true)
    expect(groups.some(acl => covers(acl, 'client-lab.notebook'))).toBe(true)
    expect(groups.some(acl => covers(acl, 'client-lab-2'))).toBe(false)
  })
})

test("in the region the replicator writes this plant's arrivals and keeps its own books", () => {
  const topics = regionAcls(plant).filter(
    acl => acl.resource === 'topic' && acl.principal === 'User:replicator',
  )
  expect(new Set(topics.map(acl => acl.name))).toEqual(new Set(['demo.export.', 'mm2-']))
})

describe('topics', () => {
  test('have three replicas of which two must have a record, or one on one broker', () => {
    const three = topicSpecs(plant)
    expect(three.every(spec => spec.replicas === 3 && spec.config['min.insync.replicas'] === '2')).toBe(true)
    const one = topicSpecs({ ...plant, servers: [{ services: ['broker', 'board'] }] })
    expect(one.every(spec => spec.replicas === 1 && spec.config['min.insync.replicas'] === '1')).toBe(true)
  })

  test('that are processed together have the same partitions', () => {
    const partitions = new Map(
      topicSpecs({ ...plant, partitions: 7 }).map(spec => [spec.name, spec.partitions]),
    )
    for (const name of ['telemetry', 'waveforms', 'state', 'signals', 'alarms', 'export.region.signals']) {
      expect([name, partitions.get(name)]).toEqual([name, 7])
    }
    expect(partitions.get('ledger')).toBe(1)
  })

  test('are declared once each', () => {
    const names = topicSpecs(plant).map(spec => spec.name)
    expect(new Set(names).size).toBe(names.length)
  })

  test('alarms, their history and the ledger are never shed', () => {
    const shed = topicTable.filter(row => row.shed !== undefined).map(row => row.name)
    for (const name of ['alarms', 'alarm-events', 'ledger', 'state', 'activations'])
      expect(shed).not.toContain(name)
    expect(topicTable.find(row => row.shed === 1)?.name).toBe('waveforms')
  })
})
