import { readFile, writeFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { coded, MillraceError, TrainedModel } from '../../model/index.ts'
import { featureCount, featureNames } from '../../processors/learning/features.ts'
import { raw } from '../../processors/learning/predict.ts'
import { named } from '../../processors/learning/train.ts'
import { encodeOnnx } from '../../processors/onnx/encode.ts'
import { readModels } from '../models/feed.ts'
import { publishInShadow } from '../models/write.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'

type Options = PlantOptions & { json?: boolean }

/** A model that was trained elsewhere, into the shadow; only what can be served is taken. */
export async function addModel(file: string, options: Options): Promise<void> {
  const model = served(await read(file), file)
  const { plant, connection } = await runningPlantAt(options)
  if (!plant.assets.some(asset => asset.class === model.assetClass)) {
    throw new MillraceError('config-invalid', `no asset of the plant is of class ${model.assetClass}`)
  }
  const kafka = connectKafka(connection('trainer'))
  await publishInShadow(kafka, await readModels(kafka), model)
  const { id, assetClass, parameters, training, scores } = model
  const made = { id, assetClass, learner: parameters.kind, training, scores, role: 'shadow' }
  console.log(options.json ? JSON.stringify(made) : `${id} is in the shadow`)
}

async function read(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (thrown) {
    throw coded(thrown, 'bad-payload', `${file} cannot be read`)
  }
}

/** @throws MillraceError that names what is missing, or the operator that is not served */
function served(given: unknown, file: string): TrainedModel {
  const { id: _, ...rest } = given as TrainedModel
  const model = named(rest)
  const ajv = new Ajv()
  if (!ajv.validate(TrainedModel, model)) {
    throw new MillraceError('bad-payload', `${file}: ${ajv.errorsText(ajv.errors, { dataVar: '' })}`, {
      hint: 'docs/schemas/model-v1.json is what it must be',
    })
  }
  const hours = raw(model.parameters, new Float64Array(featureCount(model.features)))
  if (Number.isFinite(hours)) return model
  throw new MillraceError('bad-payload', `${file}: the model gives no number for a row of zeros`)
}

export async function exportModel(id: string, options: Options & { out: string }): Promise<void> {
  const { connection } = await runningPlantAt(options)
  const model = (await readModels(connectKafka(connection('trainer')))).models.get(id)
  if (model === undefined) {
    throw new MillraceError('bad-address', `there is no model "${id}"`, {
      hint: 'millrace models list tells what there is',
    })
  }
  await writeFile(options.out, encodeOnnx(model.parameters, featureCount(model.features)))
  const names = featureNames(model.features)
  if (options.json) console.log(JSON.stringify({ id, file: options.out, features: names }))
  else console.log(`${options.out}: a row of ${names.length} features in, hours of operation out`)
}
