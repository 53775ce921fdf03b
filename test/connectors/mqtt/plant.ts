import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { Value as TypeBox } from 'typebox/value'
import type { Connector, Emit } from '../../../connectors/contract.ts'
import {
  type Address,
  address,
  mqtt,
  type Options,
  options as schema,
} from '../../../connectors/mqtt/index.ts'
import type { Tag } from '../../../model/index.ts'
import { Collector } from '../collector.ts'

export type DeclaredTag = { readonly tag: Tag; readonly address: Address }

/** Options as the configuration gives them: defaults filled in from the schema. */
export function optionsFor(port: number, given: object = {}): Options {
  const options = { endpoint: `mqtt://127.0.0.1:${port}`, keepAliveSeconds: 1, timeoutMs: 3000, ...given }
  return TypeBox.Default(schema, options) as Options
}

export function declare(name: string, given: object, more: Partial<Tag> = {}): DeclaredTag {
  const tag: Tag = { asset: 'demo/hall/line-1/press', name, class: 'telemetry', ...more }
  return { tag, address: TypeBox.Default(address, structuredClone(given)) as Address }
}

export function stateDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'millrace-mqtt-'))
}

/** A client of the same broker, for what machines do. */
export function machine(port: number, options: IClientOptions = {}): Promise<MqttClient> {
  return connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0, ...options })
}

export type Running = {
  readonly collector: Collector
  readonly connector: Connector
  /** What run() came to. */
  readonly end: Promise<void>
  /** What was last stored to resume from. */
  readonly resume: () => string | undefined
  stop(): Promise<void>
}

export type Start = {
  readonly tags: readonly DeclaredTag[]
  readonly options: Options
  readonly resume?: string | undefined
  readonly emit?: Emit
  readonly collector?: Collector
}

/** A connector that has connected and runs. */
export async function start({
  tags,
  options,
  resume,
  emit,
  collector = new Collector(),
}: Start): Promise<Running> {
  let stored = resume
  const source = {
    name: 'under-test',
    options,
    tags,
    stateDir: '/nonexistent',
    ...(resume !== undefined && { resume }),
  }
  const connector = mqtt.open(source, collector.report)
  const abort = new AbortController()
  await connector.connect(abort.signal)
  const end = connector.run(async (samples, text) => {
    await (emit ?? collector.emit)(samples, text)
    stored = text ?? stored
  }, abort.signal)
  end.catch(() => {})
  return {
    collector,
    connector,
    end,
    resume: () => stored,
    async stop() {
      abort.abort()
      await end.catch(() => {})
      await connector.close()
    },
  }
}
