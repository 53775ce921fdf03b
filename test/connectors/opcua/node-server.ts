import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import { DataType, StatusCodes } from 'node-opcua-client'
import { OPCUAServer } from 'node-opcua-server'

type Variable = {
  setValueFromSource(value: object, status: typeof StatusCodes.Good, at: Date): void
}

type Limits = { maxMonitoredItemsPerSubscription?: number; maxMonitoredItems?: number }

/** node-opcua's own server, in this process, counting as Milo does; it trusts every client. */
export class NodeServer {
  readonly ua: OPCUAServer
  readonly #dir: string
  readonly #variables = new Map<string, Variable>()

  private constructor(ua: OPCUAServer, dir: string) {
    this.ua = ua
    this.#dir = dir
  }

  static async start(limits: Limits = {}): Promise<NodeServer> {
    const dir = await mkdtemp(join(tmpdir(), 'millrace-node-opcua-'))
    const serverCertificateManager = new OPCUACertificateManager({
      rootFolder: dir,
      disableFileWatchers: true,
      automaticallyAcceptUnknownCertificate: true,
    })
    const ua = new OPCUAServer({
      port: 0,
      hostname: '127.0.0.1',
      serverCertificateManager,
      serverCapabilities: { minSupportedSampleRate: 0, ...limits },
    })
    await ua.initialize()
    const server = new NodeServer(ua, dir)
    await ua.start()
    return server
  }

  get port(): number {
    return this.ua.endpoints[0]!.port
  }

  async certificate(): Promise<Buffer> {
    return this.ua.getCertificate()
  }

  get addressSpace() {
    return this.ua.engine.addressSpace!
  }

  async add(name: string, value: number): Promise<void> {
    const variable = this.addressSpace.getOwnNamespace().addVariable({
      organizedBy: this.addressSpace.rootFolder.objects,
      browseName: name,
      nodeId: `ns=1;s=${name}`,
      dataType: 'Double',
      minimumSamplingInterval: 0,
      value: { dataType: DataType.Double, value },
    })
    this.#variables.set(name, variable)
  }

  /** Sets n0 ... n(nodes - 1) to 1 ... rounds, one round each interval; resolves after the last. */
  async count(rounds: number, intervalMs: number, fromMicros: number, nodes: number): Promise<void> {
    const begin = performance.now()
    for (let round = 1; round <= rounds; round++) {
      const at = new Date((fromMicros + round * intervalMs * 1000) / 1000)
      for (let i = 0; i < nodes; i++) this.set(`n${i}`, round, at)
      await sleep(Math.max(0, begin + round * intervalMs - performance.now()))
    }
  }

  set(name: string, value: number, at = new Date()): void {
    const variant = { dataType: DataType.Double, value }
    this.#variables.get(name)!.setValueFromSource(variant, StatusCodes.Good, at)
  }

  async subscriptions(): Promise<number> {
    return this.ua.engine.currentSubscriptionCount
  }

  async stop(): Promise<void> {
    await this.ua.shutdown(0)
    await rm(this.#dir, { recursive: true, force: true })
  }
}
