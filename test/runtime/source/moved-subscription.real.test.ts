/**
 * A subscription that moves between sessions gives each of its messages once. A server that is cut off from Kafka has it until a
 * successor takes it, and takes it back when it starts anew without Kafka; the successor takes it back in turn. What each
 * of them was given nobody else has, and all of it has to come.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { trust } from '../../../connectors/opcua/trust.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import { readClaim } from '../../../edge-broker/lease/own.ts'
import { usualPorts } from '../../../runtime/ports.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { lack, needs } from '../../needs.ts'
import { Milo } from '../../servers/milo.ts'
import { follow, type Name, names, preparePlant, type Server } from './connectors.ts'

const stepMs = 100
const patience = { timeout: 60_000, interval: 20 }

let cluster: TestCluster
let kafka: Kafka
let milo: Milo
let servers: Record<Name, Server>

beforeAll(async () => {
  if (lack('milo')) return
  ;[cluster, milo] = await Promise.all([startCluster({ brokers: 1 }), Milo.start({ heapMb: 256 })])
  await milo.add('n0', 0)
  servers = await preparePlant(cluster, [
    {
      source: 'milo',
      connector: 'opcua',
      maxSessions: 6, // so that whoever has it may read on without Kafka, whatever was before
      options: {
        endpoint: milo.endpoint,
        publishingIntervalMs: 200,
        samplingIntervalMs: 0,
        queueSize: 1_000,
      },
      assets: [{ id: 's/a/l/milo', name: 'Milo', tags: [{ name: 'number', nodeId: 'ns=1;s=n0' }] }],
    },
  ])
  for (const name of names)
    await trust(join(cluster.dir, 'servers', name, 'connectors', 'milo'), await milo.certificate())
  kafka = connectKafka(await cluster.connection('admin'))
  for (const name of names) servers[name].start()
})
afterAll(async () => {
  await Promise.all(Object.values(servers ?? {}).map(server => server.end('SIGKILL')))
  await Promise.all(Object.values(servers ?? {}).map(({ proxy }) => proxy.close()))
  await milo?.kill()
  await cluster?.stop()
})
beforeEach(context => {
  needs(context, 'milo')
  context.onTestFailed(() => {
    for (const { name, said } of Object.values(servers)) console.log(name, said().slice(-10_000))
  })
})

/** What a server has taken from the machine, as its metrics tell it. */
async function receivedBy({ name }: Server): Promise<number> {
  const address = `127.0.0.${names.indexOf(name) + 1}`
  const metrics = await (await fetch(`http://${address}:${usualPorts.connectorsMetrics}/metrics`)).text()
  return Number(/^millrace_samples_received_total\{[^}]*\} (\d+)/m.exec(metrics)![1])
}

test('what a server was given while another had the source is there, every number once', async () => {
  const stop = new AbortController()
  const { samples } = follow(kafka, stop.signal)
  await vi.waitFor(() => expect(samples.length).toBeGreaterThan(0), patience)
  const fromMicros = Date.now() * 1000
  let sent = 0
  const machine = setInterval(() => void milo.set('n0', ++sent, Date.now() * 1000).catch(() => {}), stepMs)
  await sleep(2_000)
  const { server, epochs, autonomous } = (await readClaim(kafka, 'milo'))!
  expect(autonomous).toBe(true)
  const owner = servers[server as Name]
  owner.proxy.blackHole()
  owner.proxy.cut()
  const ofSuccessor = () => samples.some(({ t, epoch }) => t > fromMicros && epoch !== epochs[server])
  await vi.waitFor(() => expect(ofSuccessor()).toBe(true), patience)
  await owner.end('SIGKILL')
  owner.start()
  const before = await vi.waitFor(() => receivedBy(owner), patience)
  // It was the owner when it knew last, and reads without Kafka.
  await vi.waitFor(async () => expect(await receivedBy(owner)).toBeGreaterThan(before), patience)
  await sleep(3_000)
  const displaced = await receivedBy(owner)
  await sleep(3_000)
  expect(await receivedBy(owner)).toBe(displaced)
  owner.proxy.pass()
  owner.proxy.cut()
  clearInterval(machine)
  const there = () => samples.filter(({ t }) => t > fromMicros)
  const missing = () => {
    const values = new Set(there().map(({ value }) => value))
    return Array.from({ length: sent }, (_, i) => i + 1).filter(n => !values.has(n))
  }
  await vi.waitFor(() => expect(missing()).toEqual([]), patience)
  await sleep(2_000) // a second time would come now
  stop.abort()
  console.log(`${displaced - before} of ${sent} numbers were given to who had come back`)
  const values = there().map(({ value }) => value)
  expect(values.length - new Set(values).size).toBe(0)
}, 240_000)
