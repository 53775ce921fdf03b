import { isDeepStrictEqual } from 'node:util'
import type { Plant } from '../config/plant.ts'
import { fileProblem, type PlantProblem } from '../config/problem.ts'

/** The plant that runs now, and word of the next one. */
export type PlantFeed = {
  readonly current: Plant
  /** Aborted when the next plant is there. */
  next(): AbortSignal
  set(plant: Plant): void
}

export function plantFeed(plant: Plant): PlantFeed {
  let current = plant
  let change = new AbortController()
  return {
    get current() {
      return current
    },
    next: () => change.signal,
    set(plant) {
      current = plant
      const before = change
      change = new AbortController()
      before.abort()
    },
  }
}

/** What a running plant cannot change, and why. */
const fixed = {
  name: ['"plant" names the state folder of the plant that runs', 'a start in another state folder'],
  site: [
    '"site" is part of the id of every asset and of what is already in Kafka',
    'a start as a plant of its own',
  ],
  partitions: ['"partitions" is fixed at install: records would change their partition', 'a new install'],
  servers: ['"servers" says which processes run where', 'a stop and a start'],
  region: ['"region" is what the replicator and its topics were made for', 'a stop and a start'],
  simulator: ['"simulator" was started with the plant', 'a stop and a start'],
} as const

/** Why a plant that has passed its check cannot take the place of the one that runs; empty when it can. */
export function notLive(running: Plant, next: Plant): PlantProblem[] {
  return (Object.keys(fixed) as (keyof typeof fixed)[])
    .filter(key => !isDeepStrictEqual(running[key], next[key]))
    .map(key => {
      const [why, how] = fixed[key]
      return fileProblem('plant.yaml', `cannot be changed while the plant runs: ${why}; it takes ${how}`)
    })
}
