import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Connection, Kafka, OutRecord } from '../../edge-broker/kafka.ts'
import { prepareNode } from '../../edge-broker/node.ts'
import { createAuthority, issueCertificate, writeCredentials } from '../../edge-broker/pki.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { startCluster, type TestCluster } from '../cluster.ts'

const plant = {
  name: 'demo',
  partitions: 2,
  servers: [{ services: ['broker'] }],
  region: { name: 'region', exports: ['signals'] },
}

let cluster: TestCluster
const as = async (principal: string): Promise<Kafka> =>
  connectKafka(await cluster.connection(principal), { timeoutMs: 15_000 })

const record = (topic: string, value: string): OutRecord => ({ topic, partition: 0, key: 'press', value })

async function write(principal: string, ...records: OutRecord[]): Promise<void> {
  const writer = await (await as(principal)).writer()
  await writer.write(records).finally(() => writer.close())
}

/** All committed values of a topic's first partition. */
async function values(principal: string, topic: string): Promise<string[]> {
  const kafka = await as(principal)
  const admin = await kafka.admin()
  const end = (await admin.offsets([topic], 'latest').finally(() => admin.close())).filter(
    position => position.partition === 0,
  )
  const reader = await kafka.reader({ partitions: [{ topic, partition: 0 }], start: 'earliest', end })
  const found: string[] = []
  for await (const batch of reader) found.push(...batch.map(({ value }) => String(value)))
  return found
}

beforeAll(async () => {
  cluster = await startCluster({ brokers: 1 })
  await provisionPlant(await as('admin'), plant)
})
afterAll(() => cluster?.stop())

describe('a plant on one broker', () => {
  test('can be provisioned again, and everything of it is led and in sync', async () => {
    await provisionPlant(await as('admin'), plant)
    const admin = await (await as('admin')).admin()
    const topics = await admin.topics()
    const replicas = await admin.replicas(topics).finally(() => admin.close())
    expect(topics).toContain('export.region.signals')
    expect(replicas.length).toBeGreaterThan(20)
    for (const { leader, inSync } of replicas) expect([leader, inSync]).toEqual([1, 1])
  })

  test('keeps what it acknowledged when it is killed', async () => {
    await write('connectors', record('telemetry', 'before the cut'))
    await cluster.brokers[0]!.kill()
    await cluster.brokers[0]!.start()
    expect(await values('processors', 'telemetry')).toContain('before the cut')
  })

  test('is not another cluster: foreign data in its folder is refused', async () => {
    const [broker] = cluster.brokers
    const node = { nodeId: 1, address: '127.0.0.1', brokerPort: 1, controllerPort: 2 }
    const tls = (await cluster.connection('admin')).tls
    const other = prepareNode({
      nodeId: 1,
      nodes: [node],
      clusterId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      superUsers: [],
      dir: broker!.dir,
      tls,
    })
    await expect(other).rejects.toMatchObject({ code: 'disk', hint: expect.stringContaining('state folder') })
  })
})

describe('who gets in', () => {
  test.each(['broker', 'controller'] as const)(
    'nobody without a certificate, at the %s listener',
    async which => {
      const { ca } = (await cluster.connection('admin')).tls
      await expect(handshake(which, { ca })).rejects.toThrow(/alert (bad certificate|certificate required)/)
    },
  )

  test.each(['broker', 'controller'] as const)(
    "nobody with another authority's certificate, at the %s listener",
    async which => {
      const own = (await cluster.connection('admin')).tls
      const { cert, key } = (await foreign('admin')).tls
      await expect(handshake(which, { ca: own.ca, cert, key })).rejects.toThrow(
        /alert (bad certificate|certificate unknown|unknown ca)/,
      )
    },
  )

  test('nobody in plain text', async () => {
    const { address, port } = cluster.brokers[0]!
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connectPlain({ host: address, port }, () => socket.write(apiVersions))
      socket.on('data', chunk => chunks.push(chunk))
      socket.on('error', reject)
      socket.on('close', () => resolve(Buffer.concat(chunks)))
    })
    // A TLS alert record (RFC 8446, 5.1) or nothing at all; never a Kafka response to our correlation id.
    expect(answer.length === 0 || answer[0] === 21).toBe(true)
  })

  test("the product's own client, untrusted, is told so at once", async () => {
    await expect(connectKafka(await foreign('connectors')).admin()).rejects.toMatchObject({
      code: 'untrusted',
      transient: false,
    })
  })
})

describe('who may do what', () => {
  test('a principal without access lists sees no topic and reads none', async () => {
    const admin = await (await as('stranger')).admin()
    expect(await admin.topics().finally(() => admin.close())).toEqual([])
    await expect(values('stranger', 'telemetry')).rejects.toMatchObject({ code: /unauthorised|bad-address/ })
  })

  test("the replicator's certificate reads exports and is refused telemetry", async () => {
    await write('processors', record('export.region.signals', 'may leave'))
    expect(await values('replicator', 'export.region.signals')).toEqual(['may leave'])
    await expect(values('replicator', 'telemetry')).rejects.toMatchObject({
      code: 'unauthorised',
      transient: false,
    })
  })

  test('a service writes its own topics and no others', async () => {
    await write('connectors', record('telemetry', 'own'))
    await expect(write('connectors', record('alarms', 'not own'))).rejects.toMatchObject({
      code: 'unauthorised',
    })
    await expect(write('board', record('telemetry', 'not own'))).rejects.toMatchObject({
      code: 'unauthorised',
    })
  })

  test('a task cannot take the transactional id of another service', async () => {
    const connectors = await as('connectors')
    const own = await connectors.task({ id: 'connectors.press', group: 'connectors.press.p1' })
    await own.close()
    await expect(connectors.task({ id: 'processors.0', group: 'processors' })).rejects.toMatchObject({
      code: 'unauthorised',
    })
  })
})

/** The same name from an authority that the plant does not know; its own CA is not the plant's. */
async function foreign(name: string): Promise<Connection> {
  const dir = await mkdtemp(join(cluster.dir, 'foreign-'))
  const authority = await createAuthority(join(dir, 'pki'), { plant: 'foreign' })
  const tls = await writeCredentials(
    join(dir, name),
    await issueCertificate(authority, { name, kind: 'service' }),
  )
  const { ca } = (await cluster.connection('admin')).tls
  return { bootstrap: cluster.bootstrap, clientId: name, tls: { ...tls, ca } }
}

/** A Kafka ApiVersions request, version 0, correlation id 7, client "x". */
const apiVersions = Buffer.from([0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 7, 0, 1, 0x78])

/** Resolves with the answer to a Kafka request over TLS; the files are paths. With TLS 1.3 a refusal comes after the handshake. */
async function handshake(
  listener: 'broker' | 'controller',
  files: { ca: string; cert?: string; key?: string },
): Promise<Buffer> {
  const [broker] = cluster.brokers
  const port = listener === 'broker' ? broker!.port : broker!.controllerPort
  const { cert, key } = files
  const pems = cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : {}
  const socket: TLSSocket = connect({ host: broker!.address, port, ca: readFileSync(files.ca), ...pems })
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      socket.on('secureConnect', () => socket.write(apiVersions))
      socket.on('data', resolve)
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('reset: closed without a word')))
    })
  } finally {
    socket.destroy()
  }
}

test('the handshake of these tests does get an answer with the right certificate', async () => {
  const { ca, cert, key } = (await cluster.connection('admin')).tls
  const answer = await handshake('broker', { ca, cert, key })
  expect(answer.readInt32BE(4)).toBe(7)
})
