import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A TCP proxy that misbehaves on request. Connections opened while it drops packets are accepted and get no answer,
 * like those to a host behind a dead switch that a firewall keeps half open.
 */
export type TcpProxy = {
  readonly port: number
  /** Forwards whole packets (the state it starts in). */
  pass(): void
  /** Ends every open connection at once (RST) and goes on accepting new ones. */
  cut(): void
  /** Packets vanish in both directions, connections stay open, until pass(). */
  blackHole(): void
  /** Forwards in pieces of at most `bytes`, each in a TCP segment of its own. */
  split(bytes: number): void
  close(): Promise<void>
}

type Mode = { kind: 'pass' } | { kind: 'black-hole' } | { kind: 'split'; bytes: number }

/** Listens on a free port of 127.0.0.1 and forwards to `target`, which is asked again for every connection. */
export async function proxyTo(target: () => { host: string; port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let mode: Mode = { kind: 'pass' }
  const server = createServer(client => {
    const upstream = connect({ ...target(), noDelay: true })
    client.setNoDelay(true)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from)
      from.on('data', chunk => forward(chunk, to, mode))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        if (mode.kind !== 'black-hole') to.destroy()
      })
    }
  })
  await listening(server)
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    pass: () => {
      mode = { kind: 'pass' }
    },
    cut,
    blackHole: () => {
      mode = { kind: 'black-hole' }
    },
    split: bytes => {
      mode = { kind: 'split', bytes }
    },
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

function forward(chunk: Buffer, to: Socket, mode: Mode): void {
  if (mode.kind === 'black-hole' || to.destroyed) return
  if (mode.kind === 'pass') {
    to.write(chunk)
    return
  }
  for (let at = 0; at < chunk.length; at += mode.bytes) to.write(chunk.subarray(at, at + mode.bytes))
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}
