import type { Connector, Emit } from '../../connectors/contract.ts'
import type { Collector } from './collector.ts'

export type Running = {
  readonly collector: Collector
  readonly connector: Connector
  /** What run() came to. */
  readonly end: Promise<void>
  stop(): Promise<void>
}

/** Connects it and lets it run. */
export async function running(
  connector: Connector,
  collector: Collector,
  emit: Emit = collector.emit,
): Promise<Running> {
  const abort = new AbortController()
  await connector.connect(abort.signal)
  const end = connector.run(emit, abort.signal)
  end.catch(failure => collector.failures.push(failure))
  const stop = async () => {
    abort.abort()
    await end.catch(() => {})
    await connector.close()
  }
  return { collector, connector, end, stop }
}

/** A server notices a closed connection a moment later: the clients it counts once there are none, or for two seconds. */
export async function settledClients(server: { clients(): Promise<number> }): Promise<number> {
  const end = performance.now() + 2000
  for (;;) {
    const clients = await server.clients()
    if (clients === 0 || performance.now() > end) return clients
  }
}
