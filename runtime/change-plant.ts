/** Puts a changed plant folder in the place of the one that the services of this machine read. */
import { renameSync, rmSync } from 'node:fs'
import { loadPlant } from '../config/load.ts'
import type { Plant } from '../config/plant.ts'
import { loadServer } from '../config/server.ts'
import { type Derivation, derivePlantFolder } from './derive.ts'
import { type Installation, writeServerFile } from './install.ts'

/** The services find a whole folder at any time: the old one, then the new one. Gives the plant as they see it. */
export async function changePlant(
  { layout }: Pick<Installation, 'layout'>,
  running: Plant,
  declared: Plant,
  derivation: Derivation,
): Promise<Plant> {
  const [next, last] = [`${layout.plantDir}.next`, `${layout.plantDir}.last`]
  derivePlantFolder(declared, next, derivation)
  await forgetEndpoints(layout, running, await loadPlant(next))
  rmSync(last, { recursive: true, force: true })
  renameSync(layout.plantDir, last)
  renameSync(next, layout.plantDir)
  rmSync(last, { recursive: true, force: true })
  return loadPlant(layout.plantDir)
}

/** A server's file may name an endpoint only of a source that there is, and that speaks the same protocol. */
async function forgetEndpoints(layout: Installation['layout'], running: Plant, next: Plant): Promise<void> {
  const connectorOf = (plant: Plant, source: string) =>
    plant.sources.find(({ name }) => name === source)?.connector
  for (const { name } of running.servers) {
    const { endpoints } = await loadServer(layout.serverFile(name), running)
    const kept = Object.entries(endpoints).filter(
      ([source]) => connectorOf(running, source) === connectorOf(next, source),
    )
    if (kept.length === Object.keys(endpoints).length) continue
    await writeServerFile({ plant: running, layout }, name, { endpoints: Object.fromEntries(kept) })
  }
}
