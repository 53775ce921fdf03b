import type { FolderBytes } from '../config/folder.ts'
import { checkFolder } from '../config/load.ts'
import type { Plant } from '../config/plant.ts'
import { fileProblem, type PlantProblem } from '../config/problem.ts'
import { renderProblems } from '../config/render.ts'
import { watchFolder } from '../config/watch.ts'
import { coded, type ServiceEntry } from '../model/index.ts'
import { notLive, type PlantFeed } from './plant-feed.ts'

export type FollowFolder = {
  readonly dir: string
  readonly plants: PlantFeed
  readonly signal: AbortSignal
  /** A signal of this process that asks for a look at once. */
  readonly signalName?: NodeJS.Signals
  /** Makes the accepted plant the running one. Left out: the feed alone. */
  readonly apply?: (plant: Plant) => Promise<void>
  /** Every outcome; the problems are those of `millrace check`, with their places. */
  readonly onOutcome: (outcome: Outcome) => void
}

/** Accepted, or refused with what is wrong: then what ran before runs on. */
export type Outcome = {
  readonly plantHash: string
  readonly refused?: NonNullable<ServiceEntry['refused']>
  /** The problems as `millrace check` prints them. */
  readonly text?: string
}

const toldAtMost = 20

/** Keeps a feed at the state of a plant folder: each change is checked whole, and applied or refused whole. */
export async function followFolder(options: FollowFolder): Promise<void> {
  const { dir, plants, signal, signalName, apply, onOutcome } = options
  const look = async (bytes: FolderBytes) => {
    const { plant, problems } = acceptable(bytes, plants.current)
    if (!plant) return onOutcome(refusal(dir, plants.current, problems))
    try {
      await apply?.(plant)
    } catch (thrown) {
      const { explanation } = coded(thrown, 'internal', 'the change cannot be applied')
      return onOutcome(refusal(dir, plants.current, [fileProblem('.', explanation)]))
    }
    plants.set(plant)
    onOutcome({ plantHash: plant.hash })
  }
  await watchFolder(dir, look, {
    knownHash: plants.current.hash,
    signal,
    ...(signalName && { signalName }),
  })
}

function acceptable(bytes: FolderBytes, running: Plant) {
  const { plant, problems } = checkFolder(bytes)
  if (!plant) return { problems }
  const fixed = notLive(running, plant)
  return fixed.length > 0 ? { problems: fixed } : { plant, problems: [] }
}

function refusal(dir: string, running: Plant, problems: readonly PlantProblem[]): Outcome {
  const told = problems
    .slice(0, toldAtMost)
    .map(({ file, line, column, message }) => ({ file, line, column, message }))
  return {
    plantHash: running.hash,
    refused: { at: Date.now() * 1000, problems: told, count: problems.length },
    text: renderProblems(dir, problems),
  }
}
