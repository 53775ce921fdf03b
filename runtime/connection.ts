import { join } from 'node:path'
import type { Plant } from '../config/plant.ts'
import type { ServerFile } from '../config/server.ts'
import type { BrokerInfo, Connection } from '../edge-broker/kafka.ts'
import { usualPorts } from './ports.ts'

/** The brokers there should be, as this server reaches them: each listens on the same port of its server's address. */
export function expectedBrokers(plant: Plant, file: ServerFile): BrokerInfo[] {
  const port = file.ports.broker ?? usualPorts.broker
  return plant.servers
    .filter(server => server.services.includes('broker'))
    .map(({ nodeId, address }) => ({ id: nodeId, host: address, port }))
}

const bootstrapOf = (plant: Plant, file: ServerFile): string[] =>
  expectedBrokers(plant, file).map(({ host, port }) => `${host}:${port}`)

/** `credentialsDir` holds ca.pem, cert.pem and key.pem. */
export function connectionOf(
  plant: Plant,
  file: ServerFile,
  credentialsDir: string,
  clientId: string,
): Connection {
  return { bootstrap: bootstrapOf(plant, file), clientId, tls: tlsIn(credentialsDir) }
}

export function tlsIn(dir: string): Connection['tls'] {
  return { ca: join(dir, 'ca.pem'), cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
}

/** Where the board of this plant listens, as its server declares it. */
export function boardUrl(plant: Plant, file: ServerFile): string {
  const server = plant.servers.find(({ services }) => services.includes('board')) ?? plant.servers[0]!
  return `http://${server.address}:${file.ports.board ?? usualPorts.board}`
}
