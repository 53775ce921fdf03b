/** What must be on the disks before a plant can run from one state folder: server files, certificates, ports. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Plant, ServerSpec } from '../config/plant.ts'
import { loadServer, type ServerFile } from '../config/server.ts'
import {
  type Authority,
  type CertificateKind,
  createAuthority,
  issueCertificate,
  renewalDue,
  writeCredentials,
} from '../edge-broker/pki.ts'
import { privateFolder, writeSecret } from '../edge-broker/secret-files.ts'
import type { Layout } from './layout.ts'
import { findPortBase, type PlantPorts, portsFrom, serverPorts } from './ports.ts'
import { principalsOf } from './services.ts'

export type Installation = {
  readonly plant: Plant
  readonly layout: Layout
  readonly authority: Authority
  readonly portBase: number
  readonly ports: PlantPorts
  /** Whether `start` runs a region of its own beside the plant. */
  readonly ownRegion: boolean
}

/** A server that is not in the plant's list: the one-broker region that `start` runs when none is declared. */
export const regionServer: ServerSpec = {
  name: 'region',
  address: '127.0.0.1',
  nodeId: 1,
  services: ['broker'],
}

/**
 * Idempotent: what is there stays, certificates near their end are renewed.
 * @param portBase where the ports begin; undefined: as at the last start, else found
 */
export async function install(plant: Plant, layout: Layout, portBase?: number): Promise<Installation> {
  await privateFolder(layout.stateDir)
  const authority = await createAuthority(layout.pkiDir, { plant: plant.name })
  const base =
    portBase ??
    (await lastPortBase(plant, layout)) ??
    (await findPortBase(addressesOf(plant), layout.stateDir))
  const ports = portsFrom(base)
  const ownRegion = plant.region !== undefined && plant.region.bootstrap === undefined
  for (const server of plant.servers) {
    await writeServerFile({ plant, layout }, server.name, { ports: serverPorts(ports) })
    const principals = server.services.flatMap(service => principalsOf(service, server))
    for (const { name, kind } of principals) await ensure(authority, layout, server, name, kind)
  }
  if (ownRegion) await ensure(authority, layout, regionServer, 'region-1', 'broker')
  const operators = ['admin', 'operator', 'retrier', 'trainer', ...(ownRegion ? ['region-admin'] : [])]
  for (const operator of operators) {
    await ensureIn(authority, layout.clientDir(operator), { name: operator, kind: 'service' })
  }
  return { plant, layout, authority, portBase: base, ports, ownRegion }
}

export const addressesOf = (plant: Plant): string[] => [
  ...new Set(plant.servers.map(server => server.address)),
]

/** Merges into the server's file, so that what an administrator wrote there stays. */
export async function writeServerFile(
  { plant, layout }: Pick<Installation, 'plant' | 'layout'>,
  server: string,
  change: Partial<ServerFile>,
): Promise<void> {
  const path = layout.serverFile(server)
  const before: Partial<ServerFile> = existsSync(path) ? await loadServer(path, plant) : {}
  const file = { ...before, ...change, server, stateDir: layout.serverDir(server) }
  await writeSecret(path, stringify(file))
}

async function lastPortBase(plant: Plant, layout: Layout): Promise<number | undefined> {
  const path = layout.serverFile(plant.servers[0]!.name)
  return existsSync(path) ? (await loadServer(path, plant)).ports.board : undefined
}

function ensure(
  authority: Authority,
  layout: Layout,
  server: ServerSpec,
  name: string,
  kind: CertificateKind,
) {
  const addresses = [server.address, ...(server.address.startsWith('127.') ? ['localhost'] : [])]
  return ensureIn(authority, layout.credentialsDir(server.name, name), { name, kind, addresses })
}

type Request = { name: string; kind: CertificateKind; addresses?: string[] }

async function ensureIn(authority: Authority, dir: string, request: Request): Promise<void> {
  const cert = join(dir, 'cert.pem')
  if (existsSync(cert) && !renewalDue(await readFile(cert, 'utf8'), new Date())) return
  await writeCredentials(dir, await issueCertificate(authority, request))
}
