import { createServer, type Server } from 'node:net'

/** Ports that were free a moment ago, all different: for programs that cannot be asked for one themselves. */
export async function freePorts(address: string, count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening(address)))
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** One of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts('127.0.0.1', 1)
  return port!
}

function listening(address: string): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, address, () => resolve(server))
  })
}
