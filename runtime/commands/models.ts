import type { Plant } from '../../config/plant.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { lineOf, MillraceError, type Signal } from '../../model/index.ts'
import { trainingPlan } from '../../processors/remaining-life/plan.ts'
import type { ModelBook } from '../models/book.ts'
import { readModels } from '../models/feed.ts'
import { compare, ruleOf } from '../models/judge.ts'
import { readLabels } from '../models/labels.ts'
import { readTopic } from '../models/read-topic.ts'
import { choiceOf, promoted, publishChoice, rolledBack } from '../models/write.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'

type Options = PlantOptions & { json?: boolean }
export type PromoteOptions = Options & { model?: string; byRule?: boolean; lives: number }

const opened = async (options: PlantOptions) => {
  const { plant, connection } = await runningPlantAt(options)
  const kafka = connectKafka(connection('trainer'))
  return { plant, kafka, book: await readModels(kafka) }
}

/** Every model there is, and what it does. */
export async function listModels(options: Options): Promise<void> {
  const { book } = await opened(options)
  const rows = [...book.models.values()].map(({ id, assetClass, parameters, training, scores }) => ({
    id,
    assetClass,
    learner: parameters.kind,
    role: roleOf(book, assetClass, id),
    lives: training.runs,
    rmse: scores.rmse ?? null,
  }))
  if (options.json) return console.log(JSON.stringify(rows))
  for (const { id, role, learner, lives, rmse } of rows)
    console.log(
      `${id}  ${role}  ${learner}  ${lives} lives  ${rmse === null ? '' : `RMSE ${rmse.toFixed(1)} h`}`,
    )
  if (rows.length === 0) console.log('no model was trained yet: millrace train ASSET_CLASS')
}

function roleOf(book: ModelBook, assetClass: string, id: string): string {
  const { active, shadow, history } = choiceOf(book, assetClass)
  if (id === active) return 'active'
  if (id === shadow) return 'shadow'
  return history.includes(id) ? 'was active' : 'idle'
}

/** Puts the shadow, or a model that is named, into force. */
export async function promoteModel(assetClass: string, options: PromoteOptions): Promise<void> {
  const { plant, kafka, book } = await opened(options)
  const id = options.model ?? choiceOf(book, assetClass).shadow
  if (id === null || book.models.get(id)?.assetClass !== assetClass) {
    throw new MillraceError(
      'bad-address',
      `there is no model ${id ?? ''} to promote for class ${assetClass}`,
      {
        hint: 'millrace models list tells what there is; millrace train makes one',
      },
    )
  }
  const reason = options.byRule
    ? await allowed(kafka, plant, book, assetClass, options.lives)
    : 'promoted by a person'
  if (reason === undefined) return
  const choice = promoted(book, assetClass, id, reason)
  await publishChoice(kafka, choice)
  console.log(options.json ? JSON.stringify(choice) : `${id} is active: ${reason}`)
}

/** The reason why the rule promotes; undefined, with exit code 3, where it does not. */
async function allowed(
  kafka: Kafka,
  plant: Plant,
  book: ModelBook,
  assetClass: string,
  lives: number,
): Promise<string | undefined> {
  const plan = trainingPlan(assetClass, plant.assets, 'trees')
  const assets = plant.assets.filter(asset => asset.class === assetClass)
  const ids = new Set(assets.map(({ id }) => id))
  const name = assets.flatMap(({ signals }) => signals).find(s => s.processor === 'remaining-life')!.name
  const partitions = [...new Set(assets.map(({ id }) => partitionOf(lineOf(id), plant.partitions)))]
  const signals: Signal[] = []
  await readTopic(kafka, 'signals', partitions, ({ key, value }) => {
    if (!ids.has(key)) return
    const signal = JSON.parse(value.toString()) as Signal
    if (signal.processor === 'remaining-life') signals.push(signal)
  })
  const choice = choiceOf(book, assetClass)
  const labels = await readLabels(kafka, partitions)
  const { everyMs } = plan.features
  const compared = compare(signals, labels, choice, { name, everyMs, cap: plan.cap })
  const trainedRmse = (choice.shadow && book.models.get(choice.shadow)?.scores.rmse) || 0
  const { promotes, reason } = ruleOf(compared, choice, trainedRmse, lives)
  if (promotes) return reason
  console.error(`millrace: not promoted: ${reason}`)
  process.exitCode = 3
  return undefined
}

/** Back to what was active before; one command, and at once: the way back needs no time to warm up. */
export async function rollBackModel(assetClass: string, options: Options): Promise<void> {
  const { kafka, book } = await opened(options)
  const choice = rolledBack(book, assetClass)
  await publishChoice(kafka, choice)
  console.log(options.json ? JSON.stringify(choice) : `${choice.active} is active again`)
}
