import type { Plant } from '../config/plant.ts'
import { type Layout, sourceDir } from './layout.ts'

export type SourceFolder = { readonly source: string; readonly stateDir: string }

/** Where this machine's connectors keep the certificates of OPC UA sources: a folder a server and source. */
export function opcuaFolders({ plant, layout }: { plant: Plant; layout: Layout }): SourceFolder[] {
  const servers = plant.servers.filter(({ services }) => services.includes('connectors'))
  const sources = plant.sources.filter(({ connector }) => connector === 'opcua')
  return servers.flatMap(server =>
    sources.map(({ name }) => ({ source: name, stateDir: sourceDir(layout.serverDir(server.name), name) })),
  )
}
