import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connector, Emit } from '../../../connectors/contract.ts'
import { type Address, type Options, opcua, trust } from '../../../connectors/opcua/index.ts'
import type { Tag } from '../../../model/index.ts'
import { Asyncua, type AsyncuaOptions } from '../../servers/asyncua.ts'
import { Collector } from '../collector.ts'
import type { Declared } from '../contract.ts'

/** Options as the configuration makes them: what is given, on top of the schema's defaults. */
export function optionsFor(endpoint: string, given: Partial<Options> = {}): Options {
  const defaults = Object.entries(opcua.options.properties).flatMap(([key, schema]) =>
    'default' in schema ? [[key, schema.default] as const] : [],
  )
  return { ...(Object.fromEntries(defaults) as Options), endpoint, ...given }
}

/** A tag of the test asset with its address. */
export function declared(name: string, nodeId: string, more: Partial<Tag> = {}): Declared<Address> {
  return { tag: { asset: 'test/area/line/asset', name, class: 'telemetry', ...more }, address: { nodeId } }
}

export type Run = {
  collector: Collector
  connector: Connector
  /** run()'s promise */
  end: Promise<void>
  abort: AbortController
}

/** An asyncua server, a state folder that trusts it, and everything that is opened against it. */
export class Bench {
  readonly server: Asyncua
  readonly stateDir: string
  readonly #runs: Run[] = []

  private constructor(server: Asyncua, stateDir: string) {
    this.server = server
    this.stateDir = stateDir
  }

  static async start(options: AsyncuaOptions = {}): Promise<Bench> {
    return await Bench.at(await Asyncua.start(options))
  }

  /** With a state folder of its own, which trusts the server if not told otherwise. */
  static async at(server: Asyncua, { trusted = true } = {}): Promise<Bench> {
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-opcua-'))
    if (trusted) await trust(stateDir, await server.certificate())
    return new Bench(server, stateDir)
  }

  open(tags: readonly Declared<Address>[], given: Partial<Options> = {}, collector = new Collector()): Run {
    const options = optionsFor(this.server.endpoint, { publishingIntervalMs: 100, ...given })
    const source = { name: 'bench', options, tags, stateDir: this.stateDir }
    const connector = opcua.open(source, collector.report)
    const run = { collector, connector, end: Promise.resolve(), abort: new AbortController() }
    this.#runs.push(run)
    return run
  }

  /** Connected and running. */
  async run(tags: readonly Declared<Address>[], given: Partial<Options> = {}, emit?: Emit): Promise<Run> {
    const run = this.open(tags, given)
    await run.connector.connect(run.abort.signal)
    run.end = run.connector.run(emit ?? run.collector.emit, run.abort.signal)
    run.end.catch(() => {})
    return run
  }

  /** What connect() rejects with. */
  async refusal(given: Partial<Options> = {}): Promise<unknown> {
    const { connector, abort } = this.open([], given)
    return await connector.connect(abort.signal).then(
      () => undefined,
      thrown => thrown,
    )
  }

  async closeRuns(): Promise<void> {
    for (const { connector, abort } of this.#runs.splice(0)) {
      abort.abort()
      await connector.close()
    }
  }

  /** Closes what was opened and removes the state folder; the server goes on. */
  async clear(): Promise<void> {
    await this.closeRuns()
    await rm(this.stateDir, { recursive: true, force: true })
  }

  async stop(): Promise<void> {
    await this.clear()
    await this.server.stop()
  }
}
