/** The plant folder as one machine runs it: a copy in the state folder, with what only `start` can know filled in. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import type { Plant } from '../config/plant.ts'
import { MillraceError } from '../model/index.ts'

export type Derivation = {
  /** Put everything on the first server. */
  readonly oneServer: boolean
  /** Where the region that `start` runs listens. */
  readonly regionBootstrap?: string
}

/** Copies the folder, comments and all, and changes what the derivation says. */
export function derivePlantFolder(
  plant: Plant,
  targetDir: string,
  { oneServer, regionBootstrap }: Derivation,
): void {
  if (resolve(plant.dir) === resolve(targetDir)) {
    throw new MillraceError('config-invalid', `${plant.dir} is the copy that a start makes of a plant`, {
      hint: 'Name the folder that you edit with --plant',
    })
  }
  rmSync(targetDir, { recursive: true, force: true })
  cpSync(plant.dir, targetDir, { recursive: true })
  if (!oneServer && regionBootstrap === undefined) return
  const file = join(targetDir, 'plant.yaml')
  const document = parseDocument(readFileSync(file, 'utf8'))
  if (oneServer) document.set('servers', document.createNode([smallServer(plant)]))
  if (regionBootstrap) document.setIn(['region', 'bootstrap'], document.createNode([regionBootstrap]))
  writeFileSync(file, document.toString())
}

function smallServer(plant: Plant) {
  const services = [...new Set(plant.servers.flatMap(server => server.services))]
  const { name, address, nodeId } = plant.servers[0]!
  return { name, address, nodeId, services }
}
