import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The project's root, which holds `config`, `.millrace` and `node_modules`. */
export const projectRoot = resolve(import.meta.dirname, '..')

const examplePlants = join(projectRoot, 'config', 'plants')
export const demoPlant = join(examplePlants, 'demo')

/** The folder that a person named: a folder, or the name of an example plant where there is no such folder. */
export function plantFolder(named: string): string {
  const example = join(examplePlants, named)
  const isName = /^[a-z0-9-]+$/.test(named) && !existsSync(named)
  return isName && existsSync(example) ? example : named
}

/**
 * Where a plant's state is in a clone. Each server has a folder of its own, as if it were another machine: nothing in it
 * may point into another's.
 */
export type Layout = {
  readonly stateDir: string
  /** The authority's key and the operators' and clients' certificates: what the plant's IT keeps off the servers. */
  readonly pkiDir: string
  readonly plantDir: string
  serverDir(server: string): string
  serverFile(server: string): string
  credentialsDir(server: string, principal: string): string
  clientDir(client: string): string
  logFile(server: string, service: string): string
}

export function layoutOf(stateDir: string): Layout {
  const serverDir = (server: string) => join(stateDir, 'servers', server)
  return {
    stateDir,
    pkiDir: join(stateDir, 'pki'),
    plantDir: join(stateDir, 'plant'),
    serverDir,
    serverFile: server => join(serverDir(server), 'server.yaml'),
    credentialsDir: (server, principal) => join(serverDir(server), 'pki', principal),
    clientDir: client => join(stateDir, 'clients', client),
    logFile: (server, service) => join(serverDir(server), 'logs', `${service}.log`),
  }
}

/** A source's own folder in a server's state folder: disk buffer, certificates, what its connector remembers. */
export const sourceDir = (serverStateDir: string, source: string): string =>
  join(serverStateDir, 'connectors', source)

export const defaultStateDir = (plant: string): string => join(projectRoot, '.millrace', plant)
