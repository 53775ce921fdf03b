import type { ServerSpec, ServiceName } from '../config/plant.ts'
import type { CertificateKind } from '../edge-broker/pki.ts'
import type { ServiceMain } from './service.ts'

type Principal = { readonly name: string; readonly kind: CertificateKind }

/**
 * One row a service: who it is to Kafka, and its main. The broker has none: it is a Java program. Mains are loaded when
 * they are run, so that each process carries only its own libraries.
 */
type ServiceRow = {
  readonly principals: (server: ServerSpec) => readonly Principal[]
  readonly main?: () => Promise<ServiceMain>
  /** The principal of it that may tell in the ledger which configuration it runs. */
  readonly teller?: string
}

const service =
  (...names: string[]) =>
  () =>
    names.map((name): Principal => ({ name, kind: 'service' }))

export const services: Readonly<Record<ServiceName, ServiceRow>> = {
  broker: { principals: server => [{ name: brokerPrincipal(server), kind: 'broker' }] },
  connectors: {
    principals: service('connectors'),
    teller: 'connectors',
    main: async () => (await import('./services/connectors.ts')).runConnectors,
  },
  processors: {
    principals: service('processors', 'shedder'),
    teller: 'processors',
    main: async () => (await import('./services/processors.ts')).runProcessors,
  },
  board: {
    principals: service('board'),
    main: async () => (await import('./services/board.ts')).runBoard,
  },
  replicator: {
    principals: service('replicator', 'replication-monitor'),
    teller: 'replication-monitor',
    main: async () => (await import('./services/replicator.ts')).runReplicator,
  },
}

export const brokerPrincipal = (server: ServerSpec): string => `broker-${server.nodeId}`

export const principalsOf = (name: ServiceName, server: ServerSpec): readonly Principal[] =>
  services[name].principals(server)
