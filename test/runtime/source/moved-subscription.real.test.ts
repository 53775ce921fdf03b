/**
 * A subscription that moves between sessions gives each of its messages once. A server that reads on while it is cut off from
 * Kafka takes it back from the one that has taken the source over, who takes it back in turn: what each of them was
 * given, nobody else has, and all of it has to come.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { trust } from '../../../connectors/opcua/trust.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import type { Kafka } from '../../../edge-broker/kafka.ts'
import { readClaim } from '../../../edge-broker/lease/own.ts'
import { startCluster, type TestCluster } from '../../cluster.ts'
import { lack, needs } from '../../needs.ts'
import { Milo } from '../../servers/milo.ts'
import { follow, type Name, names, preparePlant, type Server } from './connectors.ts'

const rounds = 500
const stepMs = 100
/** Longer than it takes another to have the source. */
const cutMs = 20_000

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

test('what a server was given while another had the source is there, every number once', async () => {
  const stop = new AbortController()
  const { samples } = follow(kafka, stop.signal)
  await vi.waitFor(() => expect(samples.length).toBeGreaterThan(0), { timeout: 60_000 })
  const fromMicros = Date.now() * 1000
  const counting = milo.count(rounds, stepMs, fromMicros, 1)
  await sleep(2_000)
  const { server, epochs } = (await readClaim(kafka, 'milo'))!
  const { proxy } = servers[server as Name]
  proxy.blackHole()
  proxy.cut()
  await sleep(cutMs)
  proxy.pass()
  proxy.cut()
  await counting
  const there = () => samples.filter(({ t }) => t > fromMicros)
  const missing = () => {
    const values = new Set(there().map(({ value }) => value))
    return Array.from({ length: rounds }, (_, i) => i + 1).filter(n => !values.has(n))
  }
  await vi.waitFor(() => expect(missing()).toEqual([]), { timeout: 40_000, interval: 500 })
  await sleep(2_000) // a second time would come now
  stop.abort()
  const values = there().map(({ value }) => value)
  const byEpoch = Map.groupBy(there(), ({ epoch }) => epoch)
  console.log('read by epoch:', [...byEpoch].map(([epoch, { length }]) => `${epoch}: ${length}`).join(', '))
  // Both were given some while the other had the source, else this has shown nothing.
  const cutOff = byEpoch.get(epochs[server]!)!.filter(({ t }) => t > fromMicros + 12_000_000)
  expect(cutOff.length).toBeGreaterThan(0)
  expect(byEpoch.size).toBeGreaterThan(1)
  expect(values.length - new Set(values).size).toBe(0)
})
