import { type Address, type Options, opcua, trust } from '../../../connectors/opcua/index.ts'
import type { Tag } from '../../../model/index.ts'
import { Asyncua } from '../../servers/asyncua.ts'
import { Milo } from '../../servers/milo.ts'
import { type ConnectorHarness, connectorContract, type Declared } from '../contract.ts'
import { declared, optionsFor } from './plant.ts'

const good = [
  declared('temperature', 'ns=1;s=Temperature'),
  declared('pressure', 'ns=1;s=Pressure'),
] satisfies Declared<Address>[]

class AsyncuaHarness implements ConnectorHarness<Options, Address> {
  readonly good = good as unknown as readonly [Declared<Address>, ...Declared<Address>[]]
  readonly bad = declared('nowhere', 'ns=1;s=Nowhere')
  readonly silenceMs = 5000
  #server: Asyncua | undefined

  get server(): Asyncua {
    if (!this.#server) throw new Error('not started')
    return this.#server
  }
  get port(): number {
    return this.server.port
  }
  async start(): Promise<void> {
    this.#server = await Asyncua.start()
    await this.#fill()
  }
  async restart(): Promise<void> {
    await this.server.spawn()
    await this.#fill()
  }
  kill(): Promise<void> {
    return this.server.kill()
  }
  async stop(): Promise<void> {
    await this.#server?.stop()
  }
  async prepare(stateDir: string): Promise<void> {
    await trust(stateDir, await this.server.certificate())
  }
  async set(tag: Tag, value: number): Promise<void> {
    const nodeId = good.find(known => known.tag.name === tag.name)!.address.nodeId
    await this.server.set({ nodeId, value, sourceMicros: Date.now() * 1000 })
  }
  options(port: number): Options {
    return optionsFor(`opc.tcp://127.0.0.1:${port}/test`, { publishingIntervalMs: 100, watchdogMs: 2000 })
  }
  open = opcua.open
  sessions(): Promise<number> {
    return this.server.sessions()
  }
  async #fill(): Promise<void> {
    await this.server.add(
      good.map(({ address: { nodeId } }) => ({ nodeId, type: 'Double', value: 0, writable: true })),
    )
  }
}

class MiloHarness implements ConnectorHarness<Options, Address> {
  readonly needs = 'milo'
  readonly good = good as unknown as readonly [Declared<Address>, ...Declared<Address>[]]
  readonly bad = declared('nowhere', 'ns=1;s=Nowhere')
  readonly silenceMs = 5000
  #server: Milo | undefined
  #stateDir = ''

  get server(): Milo {
    if (!this.#server) throw new Error('not started')
    return this.#server
  }
  get port(): number {
    return this.server.port
  }
  async start(): Promise<void> {
    this.#server = await Milo.start()
    await this.#fill()
  }
  async restart(): Promise<void> {
    await this.server.spawn()
    await this.#fill()
    await this.prepare(this.#stateDir)
  }
  kill(): Promise<void> {
    return this.server.kill()
  }
  async stop(): Promise<void> {
    await this.#server?.stop()
  }
  async set(tag: Tag, value: number): Promise<void> {
    await this.server.set(nameOf(tag), value, Date.now() * 1000)
  }
  options(port: number): Options {
    return optionsFor(`opc.tcp://127.0.0.1:${port}/test`, {
      securityPolicy: 'Aes256_Sha256_RsaPss',
      publishingIntervalMs: 100,
      watchdogMs: 2000,
    })
  }
  open = opcua.open
  sessions(): Promise<number> {
    return this.server.sessions()
  }
  async prepare(stateDir: string): Promise<void> {
    this.#stateDir = stateDir
    await trust(stateDir, await this.server.certificate())
  }
  async #fill(): Promise<void> {
    for (const { tag } of good) await this.server.add(nameOf(tag), 0)
  }
}

const nameOf = (tag: Tag): string =>
  good.find(known => known.tag.name === tag.name)!.address.nodeId.replace('ns=1;s=', '')

connectorContract<Options, Address>('opcua', () => new AsyncuaHarness())
connectorContract<Options, Address>('opcua, on Eclipse Milo,', () => new MiloHarness())
