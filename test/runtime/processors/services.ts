import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { loadPlant } from '../../../config/load.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import { provisionPlant } from '../../../edge-broker/provision.ts'
import type { TestCluster } from '../../cluster.ts'
import { freePorts } from '../../free-ports.ts'
import { type ServiceProcess, serviceProcess } from '../service-process.ts'

export const names = ['p1', 'p2', 'p3'] as const
export type Name = (typeof names)[number]

/** A server's processors service as a process of its own. */
export type Service = ServiceProcess & {
  readonly name: Name
  readonly metrics: string
}

/** A plant has one; the numbers come from the test. */
const anyAsset = { id: 's/a/line-0/m', name: 'M', tags: [{ name: 'n', nodeId: 'ns=1;s=n' }] }
const machineOf = (assets: readonly object[]) => ({
  source: 'm',
  connector: 'opcua',
  options: { endpoint: 'opc.tcp://127.0.0.1:4840' },
  assets,
})

/** Writes the plant's folder, makes its topics and access lists, and prepares (not: starts) its three services. */
export async function prepareServices(
  cluster: TestCluster,
  partitions: number,
  assets: readonly object[] = [anyAsset],
): Promise<Record<Name, Service>> {
  const plantDir = join(cluster.dir, 'plant')
  await mkdir(join(plantDir, 'machines'), { recursive: true })
  const servers = names.map((name, i) => ({
    name,
    address: `127.0.0.${i + 1}`,
    nodeId: i + 1,
    services: i === 0 ? ['broker', 'connectors', 'processors'] : ['processors'],
  }))
  await writeFile(
    join(plantDir, 'plant.yaml'),
    stringify({ plant: 'shared', site: 's', partitions, servers }),
  )
  await writeFile(join(plantDir, 'machines', 'm.yaml'), stringify(machineOf(assets)))
  const kafka = connectKafka(await cluster.connection('admin'))
  await provisionPlant(kafka, await loadPlant(plantDir))
  const made = await Promise.all(names.map(name => prepareService(cluster, plantDir, name)))
  return Object.fromEntries(made.map(service => [service.name, service])) as Record<Name, Service>
}

async function prepareService(cluster: TestCluster, plantDir: string, name: Name): Promise<Service> {
  const stateDir = join(cluster.dir, 'servers', name)
  await cluster.connection('processors')
  const [from, to] = [join(cluster.dir, 'principals'), join(stateDir, 'pki')]
  await cp(join(from, 'processors'), join(to, 'processors'), { recursive: true })
  const address = `127.0.0.${names.indexOf(name) + 1}`
  const [processorsMetrics] = await freePorts(address, 1)
  const file = join(stateDir, 'server.yaml')
  const ports = { broker: cluster.brokers[0]!.port, processorsMetrics }
  await writeFile(file, stringify({ server: name, stateDir, ports }))
  return {
    ...serviceProcess({ service: 'processors', plantDir, serverFile: file }),
    name,
    metrics: `http://${address}:${processorsMetrics}/metrics`,
  }
}
