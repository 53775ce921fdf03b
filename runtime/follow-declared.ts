/** While `start` runs a plant, the folder that people edit is followed: what passes its check takes effect. */
import type { Plant } from '../config/plant.ts'
import { loadServer } from '../config/server.ts'
import { connectKafka } from '../edge-broker/client/index.ts'
import { changePlant } from './change-plant.ts'
import { connectionOf } from './connection.ts'
import type { Derivation } from './derive.ts'
import { followFolder, type Outcome } from './follow-folder.ts'
import type { Installation } from './install.ts'
import { type PlantFeed, plantFeed } from './plant-feed.ts'
import { serviceTeller } from './services/service-entry.ts'

export type FollowedPlant = {
  /** The plant as the services see it. */
  readonly plants: PlantFeed
  /** Resolves once the signal is aborted. */
  readonly ended: Promise<void>
}

/** Never rejects: what cannot be applied is refused. */
export async function followDeclared(
  installation: Installation,
  declared: Plant,
  derivation: Derivation,
  signal: AbortSignal,
): Promise<FollowedPlant> {
  const { plant, layout } = installation
  const plants = plantFeed(plant)
  const first = plant.servers[0]!.name
  const file = await loadServer(layout.serverFile(first), plant)
  const kafka = connectKafka(connectionOf(plant, file, layout.clientDir('admin'), 'start'))
  // While Kafka is away nobody reads this; it is written when it is back.
  const teller = serviceTeller(kafka, { service: 'start', server: first }, () => {}, signal)
  const tell = (outcome: Outcome) => teller.tell({ ...outcome, plantHash: plants.current.hash })
  tell({ plantHash: plant.hash })
  const ended = followFolder({
    dir: declared.dir,
    plants: plantFeed(declared),
    signal,
    apply: async next => plants.set(await changePlant(installation, plants.current, next, derivation)),
    onOutcome: tell,
  })
  return { plants, ended }
}
