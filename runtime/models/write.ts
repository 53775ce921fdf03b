import type { Kafka, OutRecord } from '../../edge-broker/kafka.ts'
import { choiceKeyPrefix, MillraceError, type ModelChoice, type TrainedModel } from '../../model/index.ts'
import type { ModelBook } from './book.ts'

const recordOf = (key: string, value: TrainedModel | ModelChoice): OutRecord => ({
  topic: 'models',
  partition: 0,
  key,
  value: JSON.stringify(value),
})

/** A new model begins in the shadow. The model comes before the choice that names it. */
export async function publishInShadow(
  kafka: Kafka,
  book: ModelBook,
  model: TrainedModel,
): Promise<ModelChoice> {
  const { active, history } = choiceOf(book, model.assetClass)
  const reason = `trained on ${model.training.runs} lives`
  const choice = { ...choiceOf(book, model.assetClass), active, history, shadow: model.id, reason }
  await write(kafka, [recordOf(model.id, model), recordOf(choiceKeyPrefix + model.assetClass, choice)])
  return choice
}

/** What was active goes into the shadow, so that the way back needs no time to warm up. */
export function promoted(book: ModelBook, assetClass: string, id: string, reason: string): ModelChoice {
  const { active, history } = choiceOf(book, assetClass)
  const before = active === null || active === id ? [] : [active]
  const kept = [...before, ...history.filter(known => known !== id && known !== active)].slice(0, 20)
  return { v: 1, kind: 'choice', assetClass, active: id, shadow: before[0] ?? null, history: kept, reason }
}

/** @throws MillraceError `bad-address` when nothing was active before */
export function rolledBack(book: ModelBook, assetClass: string): ModelChoice {
  const { active, history } = choiceOf(book, assetClass)
  const [last, ...before] = history
  if (last === undefined) {
    throw new MillraceError('bad-address', `no model of class ${assetClass} was active before`, {
      hint: 'millrace models list tells what there is',
    })
  }
  const reason = `rolled back from ${active ?? 'none'}`
  return { v: 1, kind: 'choice', assetClass, active: last, shadow: active, history: before, reason }
}

export function choiceOf({ choices }: ModelBook, assetClass: string): ModelChoice {
  const none = { active: null, shadow: null, history: [], reason: 'nothing was chosen yet' }
  return choices.get(assetClass) ?? { v: 1, kind: 'choice', assetClass, ...none }
}

export async function publishChoice(kafka: Kafka, choice: ModelChoice): Promise<void> {
  await write(kafka, [recordOf(choiceKeyPrefix + choice.assetClass, choice)])
}

async function write(kafka: Kafka, records: readonly OutRecord[]): Promise<void> {
  const writer = await kafka.writer()
  try {
    await writer.write(records)
  } finally {
    await writer.close()
  }
}
