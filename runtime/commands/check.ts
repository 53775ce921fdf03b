import { checkPlant } from '../../config/load.ts'
import { describePlant } from '../../config/plant.ts'
import { renderProblems } from '../../config/render.ts'
import { expandedSources, renderExpanded } from '../../config/render-plant.ts'
import { demoPlant } from '../layout.ts'

export type CheckOptions = { json?: boolean; expand?: boolean }

/** Tells every problem of a plant folder at once; exit code 1 when there is any. */
export async function check(dir = demoPlant, options: CheckOptions): Promise<void> {
  const { plant, problems } = await checkPlant(dir)
  if (problems.length > 0) process.exitCode = 1
  if (options.json) {
    const sources = options.expand && plant ? { sources: expandedSources(plant) } : {}
    const ok = problems.length === 0
    console.log(JSON.stringify({ ok, plant: plant?.name ?? null, problems, ...sources }))
  } else if (plant && options.expand) {
    process.stdout.write(renderExpanded(plant))
  } else if (plant) {
    console.log(`${describePlant(plant)}: no problem found`)
  } else {
    console.error(renderProblems(dir, problems))
    console.error(`\n${problems.length} problem${problems.length === 1 ? '' : 's'}`)
  }
}
