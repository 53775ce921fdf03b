import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Acl, Kafka } from '../../../edge-broker/kafka.ts'
import { createAuthority, issueCertificate, writeCredentials } from '../../../edge-broker/pki.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { createTopic, numbered, partitionsOf, readAll, textOf } from './counting.ts'

describe('who may do what', () => {
  let cluster: TestCluster
  let admin: Kafka

  beforeAll(async () => {
    cluster = await startCluster({ brokers: 1 })
    admin = connectKafka(await cluster.connection('admin'))
    await createTopic(admin, 'telemetry', 3, {}, 1)
  })
  afterAll(() => cluster?.stop())

  const records = numbered('telemetry', 3, 0, 3)
  const partitions = partitionsOf('telemetry', 3)

  const allow = async (acls: readonly Acl[]) => {
    const client = await admin.admin()
    await client.createAcls(acls).finally(() => client.close())
  }

  test('without a certificate nobody gets a word in', async () => {
    const { bootstrap, tls } = await cluster.connection('admin')
    const [host, port] = bootstrap[0]!.split(':')
    const socket = connect({ host: host!, port: Number(port), ca: readFileSync(tls.ca) })
    const [error] = await once(socket, 'error')
    expect(error.code).toMatch(/^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|CERTIFICATE_REQUIRED)$/)
  })

  test('a certificate of another authority is refused at once, and so are brokers of another', async () => {
    const connection = await cluster.connection('admin')
    const other = await createAuthority(join(cluster.dir, 'other'), { plant: 'other' })
    const credentials = await issueCertificate(other, { name: 'admin', kind: 'service' })
    const foreign = await writeCredentials(join(cluster.dir, 'foreign'), credentials)
    const untrusted = expect.objectContaining({ code: 'untrusted', transient: false })
    const begin = performance.now()
    const stranger = connectKafka({ ...connection, tls: { ...foreign, ca: connection.tls.ca } })
    await expect(stranger.writer()).rejects.toEqual(untrusted)
    await expect(stranger.task({ id: 'task', group: 'task' })).rejects.toEqual(untrusted)
    await expect(stranger.reader({ partitions, start: 'earliest' })).rejects.toEqual(untrusted)
    await expect(stranger.admin()).rejects.toEqual(untrusted)
    const misled = connectKafka({ ...connection, tls: { ...connection.tls, ca: foreign.ca } })
    await expect(misled.writer()).rejects.toEqual(untrusted)
    expect(performance.now() - begin).toBeLessThan(10_000)
  })

  test('a principal without an entry in the access list is refused everything', async () => {
    const nobody = connectKafka(await cluster.connection('nobody'))
    const unauthorised = expect.objectContaining({ code: 'unauthorised', transient: false })
    const writer = await nobody.writer()
    await expect(writer.write(records)).rejects.toEqual(unauthorised)
    await expect(nobody.reader({ partitions, start: 'earliest' })).rejects.toEqual(unauthorised)
    await expect(nobody.task({ id: 'task', group: 'task' })).rejects.toEqual(unauthorised)
    const client = await nobody.admin()
    expect(await client.topics()).toEqual([])
    await Promise.all([writer.close(), client.close()])
  })

  test('a task needs no more than its own entries: above all not the right to act as a broker', async () => {
    const entry = { principal: 'User:connectors', pattern: 'literal' } as const
    await allow([
      { ...entry, resource: 'topic', name: 'telemetry', operation: 'write' },
      { ...entry, resource: 'topic', name: 'telemetry', operation: 'read' },
      { ...entry, resource: 'group', name: 'connectors.', pattern: 'prefixed', operation: 'read' },
      {
        ...entry,
        resource: 'transactional-id',
        name: 'connectors.',
        pattern: 'prefixed',
        operation: 'write',
      },
    ])
    const kafka = connectKafka(await cluster.connection('connectors'))
    const task = await kafka.task({ id: 'connectors.plc', group: 'connectors.plc' })
    await task.commit(records, [{ topic: 'telemetry', partition: 0, offset: 3n }])
    expect(await task.positions(partitions)).toEqual([{ topic: 'telemetry', partition: 0, offset: 3n }])
    await task.close()
    expect((await readAll(kafka, 'telemetry', 3)).map(textOf).sort()).toEqual(['0', '1', '2'])
  })

  test('topics and partitions that are not there are named', async () => {
    const missing = expect.objectContaining({ code: 'bad-address', transient: false })
    const writer = await admin.writer()
    await expect(writer.write(numbered('telemetrie', 1, 0, 1))).rejects.toEqual(missing)
    await expect(writer.write([{ ...records[0]!, partition: 3 }])).rejects.toEqual(missing)
    await writer.write(records)
    const stray = partitionsOf('telemetry', 4)
    await expect(admin.reader({ partitions: stray, start: 'earliest' })).rejects.toEqual(missing)
    await writer.close()
  })

  test('a record that is bigger than brokers take is refused, and the writer goes on', async () => {
    const writer = await admin.writer()
    const value = Buffer.from(Float64Array.from({ length: 700_000 }, Math.random).buffer)
    const refused = expect.objectContaining({ code: 'refused', transient: false })
    await expect(writer.write([{ ...records[0]!, value }])).rejects.toEqual(refused)
    await writer.write(records)
    await writer.close()
  })

  test('topics are created once, and a second time nothing changes', async () => {
    const client = await admin.admin()
    const spec = { name: 'twice', partitions: 2, replicas: 1, config: { 'retention.ms': '60000' } }
    await client.createTopics([spec])
    await client.createTopics([{ ...spec, partitions: 5 }])
    expect(await client.topics()).toContain('twice')
    expect(await client.replicas(['twice'])).toMatchObject([
      { partition: 0, leader: 1, inSync: 1, replicas: 1 },
      { partition: 1, leader: 1, inSync: 1, replicas: 1 },
    ])
    expect(await client.brokers()).toMatchObject([{ id: 1, host: cluster.brokers[0]?.address }])
    expect(await client.groupPositions('nobody', ['twice'])).toEqual([])
    await client.close()
  })
})
