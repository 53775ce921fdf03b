import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import { DataType } from 'node-opcua-client'
import { OPCUAServer } from 'node-opcua-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Connector } from '../../../connectors/contract.ts'
import { type Options, opcua, trust } from '../../../connectors/opcua/index.ts'
import { type MillraceError, status } from '../../../model/index.ts'
import { Collector } from '../collector.ts'
import { declared, optionsFor } from './plant.ts'

// A second kind of server: node-opcua's, which has limits, samples by itself, sets the overflow bits and rejects unknown
// clients when the secure channel is opened.
const tags = Array.from({ length: 95 }, (_, i) => declared(`n${i}`, `ns=1;s=N${i}`))
const first = tags[0]!
type Variable = { setValueFromSource(value: { dataType: DataType; value: number }): void }
const variables: Variable[] = []
const opened: { connector: Connector; abort: AbortController }[] = []
let dir: string
let server: OPCUAServer
let clients: OPCUACertificateManager

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-limits-'))
  clients = new OPCUACertificateManager({ rootFolder: join(dir, 'server'), disableFileWatchers: true })
  server = new OPCUAServer({
    port: 0,
    hostname: '127.0.0.1',
    serverCertificateManager: clients,
    serverCapabilities: {
      minSupportedSampleRate: 0,
      operationLimits: { maxMonitoredItemsPerCall: 10, maxNodesPerRead: 20 },
    },
  })
  await server.initialize()
  const addressSpace = server.engine.addressSpace!
  for (const { tag, address } of tags) {
    variables.push(
      addressSpace.getOwnNamespace().addVariable({
        organizedBy: addressSpace.rootFolder.objects,
        browseName: tag.name,
        nodeId: address.nodeId,
        dataType: 'Double',
        minimumSamplingInterval: tag === first.tag ? 0 : 50,
        value: { dataType: DataType.Double, value: 0 },
      }),
    )
  }
  await server.start()
  await trust(dir, server.getCertificate())
}, 60_000)
afterEach(async () => {
  for (const { connector, abort } of opened.splice(0)) {
    abort.abort()
    await connector.close()
  }
})
afterAll(async () => {
  await server?.shutdown(0)
  await rm(dir, { recursive: true, force: true })
})

const set = (i: number, value: number) =>
  variables[i]!.setValueFromSource({ dataType: DataType.Double, value })

async function run(list: typeof tags, given: Partial<Options> = {}): Promise<Collector> {
  const endpoint = `opc.tcp://127.0.0.1:${server.endpoints[0]!.port}`
  const collector = new Collector()
  const source = {
    name: 'limits',
    options: optionsFor(endpoint, { publishingIntervalMs: 100, ...given }),
    tags: list,
    stateDir: dir,
  }
  const connector = opcua.open(source, collector.report)
  const abort = new AbortController()
  opened.push({ connector, abort })
  await connector.connect(abort.signal)
  connector.run(collector.emit, abort.signal).catch(() => {})
  return collector
}

test('a certificate unknown to the server: untrusted, with what to trust there', async () => {
  const error: MillraceError = await run(tags).catch(thrown => thrown)
  expect(error).toMatchObject({ code: 'untrusted', transient: false })
  expect(error.hint).toContain(join('pki', 'own', 'certs', 'client_certificate.pem'))
  clients.automaticallyAcceptUnknownCertificate = true
}, 60_000)

test('what one call may carry is obeyed', async () => {
  const collector = await run(tags)
  await collector.until(() => new Set(collector.samples.map(({ tag }) => tag.name)).size === tags.length)
  expect(collector.problems.size).toBe(0)
}, 60_000)

test('a queue that overflows is told by the bits of its oldest value, and counted', async () => {
  const collector = await run([first], { queueSize: 2, samplingIntervalMs: 0, publishingIntervalMs: 500 })
  await collector.sample(first.tag, () => true)
  for (let value = 1; value <= 6; value++) set(0, value)
  await collector.sample(first.tag, ({ value }) => value === 6)
  expect(collector.lost).toEqual([{ tag: 'n0', cause: 'queueOverflow', count: 'unknown' }])
  const flagged = collector.samples.filter(
    sample => (sample.status & status.overflowBits) === status.overflowBits,
  )
  expect(flagged.map(({ value }) => value)).toEqual([5])
}, 60_000)

test('a faster sampling than the server does is revised, and told', async () => {
  const collector = await run([tags[1]!], { samplingIntervalMs: 1 })
  expect(collector.revised).toEqual([{ tag: 'n1', requestedMs: 1, revisedMs: 50 }])
  expect(collector.lost).toEqual([{ tag: 'n1', cause: 'revisedInterval', count: 'unknown' }])
}, 60_000)

test('close ends the session at the server, and leaves the subscription to the next', async () => {
  const before = server.engine.currentSubscriptionCount
  const collector = await run([first])
  await collector.sample(first.tag, () => true)
  expect(server.engine.currentSessionCount).toBe(1)
  const { connector, abort } = opened[0]!
  abort.abort()
  await connector.close()
  expect(server.engine.currentSessionCount).toBe(0)
  expect(server.engine.currentSubscriptionCount).toBe(before + 1)
}, 60_000)
