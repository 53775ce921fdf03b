import type { Connection } from './kafka.ts'

/** One broker, which is also a controller, as the others reach it. */
export type NodeAddress = {
  readonly nodeId: number
  readonly address: string
  readonly brokerPort: number
  readonly controllerPort: number
}

export type NodeSpec = {
  readonly nodeId: number
  /** All nodes of the cluster, this one among them; the same list on all servers. */
  readonly nodes: readonly NodeAddress[]
  /** Kafka's cluster id: see `clusterIdOf` */
  readonly clusterId: string
  /** Principals that no ACL binds, without `User:`: the brokers' and the admin's. */
  readonly superUsers: readonly string[]
  /** This node's own folder: properties, key store, log, and below it Kafka's data. */
  readonly dir: string
  readonly tls: Connection['tls']
  readonly heapMiB?: number
  /** Space kept in `dir` for the start after the disk was full; left out: none. */
  readonly reserveMiB?: number
  /** Java's own options, for programs that live shortly. */
  readonly jvmFlags?: readonly string[]
  /** Server properties that replace or add to the template's. */
  readonly overrides?: Readonly<Record<string, string>>
}
