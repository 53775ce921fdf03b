import { MillraceError } from '../../model/index.ts'
import type { Connector, ConnectorKind } from '../contract.ts'
import { check } from './check.ts'
import { locate } from './locate.ts'
import { type Address, address, type Options, options } from './options.ts'

export { type Address, address, type Options, options } from './options.ts'

/** MQTT 5.0 and 3.1.1, with plain payloads and Sparkplug B 3.0. Loading it loads neither client nor decoder. */
export const mqtt: ConnectorKind<Options, Address> = {
  kind: 'mqtt',
  options,
  address,
  schemes: ['mqtt', 'mqtts'],
  discovers: true,
  isGivenOnce: () => true,
  locate,
  async *browse(options, stateDir, signal) {
    const { browse } = await import('./browse.ts')
    yield* browse(options, stateDir, signal)
  },
  open: (source, report) => {
    check(source)
    return lazily(async () => (await import('./connector.ts')).mqttConnector(source, report))
  },
}

/** A connector that is loaded when it connects. */
function lazily(load: () => Promise<Connector>): Connector {
  let loaded: Connector | undefined
  const connected = (): Connector => {
    if (loaded) return loaded
    throw new MillraceError('session-lost', 'not connected', { transient: true })
  }
  return {
    async connect(signal) {
      loaded = await load()
      await loaded.connect(signal)
    },
    run: async (emit, signal) => connected().run(emit, signal),
    write: async (tag, value, signal) => await connected().write!(tag, value, signal),
    close: async () => await loaded?.close(),
  }
}
