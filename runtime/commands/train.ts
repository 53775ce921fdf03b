import type { AssetSpec, Plant } from '../../config/plant.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { lineOf, type Micros, type TelemetryRecord, type TrainedModel } from '../../model/index.ts'
import { type Lives, livesOf } from '../../processors/learning/lives.ts'
import { train as learn } from '../../processors/learning/train.ts'
import { type ClassPlan, trainingPlan } from '../../processors/remaining-life/plan.ts'
import { readModels } from '../models/feed.ts'
import { readLabels } from '../models/labels.ts'
import { readTopic, type Valued } from '../models/read-topic.ts'
import { publishInShadow } from '../models/write.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { microsOf } from '../point-in-time.ts'
import { openProgress } from '../progress.ts'

export type TrainOptions = PlantOptions & { from: string; to: string; learner: string; json?: boolean }

type Span = { readonly from: Micros; readonly to: Micros }
type Positions = TrainedModel['training']['positions']

/** Trains a class from the plant's own Kafka, as its assets declare it, and puts the model into the shadow. */
export async function train(assetClass: string, options: TrainOptions): Promise<void> {
  const span = { from: microsOf(options.from), to: microsOf(options.to) }
  const { plant, connection } = await runningPlantAt(options)
  const plan = trainingPlan(assetClass, plant.assets, options.learner)
  const kafka = connectKafka(connection('trainer'))
  const progress = openProgress(process.stderr)
  const { lives, positions } = await progress.step(`telemetry of class ${assetClass}`, note =>
    gathered(kafka, plant, plan, span, note),
  )
  const { runs, labels } = lives.ended()
  const model = await progress.step('training', async note => learn(runs, plan, { positions, labels }, note))
  await publishInShadow(kafka, await readModels(kafka), model)
  if (options.json) console.log(JSON.stringify(summaryOf(model)))
  else console.log(told(model))
}

async function gathered(
  kafka: Kafka,
  plant: Plant,
  plan: ClassPlan,
  span: Span,
  note: (text: string) => void,
): Promise<{ lives: Lives; positions: Positions }> {
  const assets = plant.assets.filter(asset => asset.class === plan.assetClass)
  const partitions = [...new Set(assets.map(({ id }) => partitionOf(lineOf(id), plant.partitions)))]
  const labels = (await readLabels(kafka, partitions)).filter(({ at }) => at >= span.from && at < span.to)
  const byId = new Map(assets.map((asset): [string, AssetSpec] => [asset.id, asset]))
  const lives = livesOf(labels, id => (byId.has(id) ? plan.gathering(byId.get(id)!) : undefined))
  const used = new Map<number, { from: bigint; to: bigint }>()
  const take = (record: Valued) => {
    if (!byId.has(record.key)) return
    const telemetry = JSON.parse(record.value.toString()) as TelemetryRecord
    if (!telemetry.t.some(t => t >= span.from && t < span.to)) return
    lives.add(telemetry)
    const from = used.get(record.partition)?.from ?? record.offset
    used.set(record.partition, { from, to: record.offset + 1n })
  }
  await readTopic(kafka, 'telemetry', partitions, take, (read, all) => note(`${read} of ${all} records`))
  const positions = Array.from(used, ([partition, { from, to }]) => {
    return { topic: 'telemetry', partition, from: String(from), to: String(to) }
  })
  return { lives, positions }
}

function summaryOf({ id, assetClass, parameters, training, scores }: TrainedModel) {
  return { id, assetClass, learner: parameters.kind, training, scores, role: 'shadow' }
}

function told({ id, training, scores, interval }: TrainedModel): string {
  const share = (value: number) => Math.round(100 * value)
  return [
    `${id} is in the shadow: ${training.runs} lives, ${training.observations} observations`,
    `On lives that it had not seen it is off by ${scores.rmse!.toFixed(1)} h (RMSE); its intervals cover ${share(scores.coverage!)} % (wanted: ${share(interval.level)} %)`,
    `When it has proved itself: millrace models promote ${id.slice(0, id.lastIndexOf('-'))}`,
  ].join('\n')
}
