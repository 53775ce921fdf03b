import { Ajv } from 'ajv'
import {
  type Activation,
  choiceKeyPrefix,
  MillraceError,
  ModelChoice,
  type ModelsInForce,
  TrainedModel,
} from '../../model/index.ts'

/** The topic `models` as it stands. Never changed: a record makes the next one. */
export type ModelBook = {
  readonly models: ReadonlyMap<string, TrainedModel>
  readonly choices: ReadonlyMap<string, ModelChoice>
  /** Ids by asset class, as an activation tells them; those whose model is there. */
  readonly inForce: NonNullable<Activation['models']>
  of(assetClass: string): ModelsInForce
}

export const noModels: ModelBook = bookOf(new Map(), new Map())

const ajv = new Ajv()
const isModel = ajv.compile<TrainedModel>(TrainedModel)
const isChoice = ajv.compile<ModelChoice>(ModelChoice)

/** @throws MillraceError `bad-payload` on what is neither: whoever may write models may write anything */
function parsed(key: string, value: Buffer): TrainedModel | ModelChoice {
  const record: unknown = JSON.parse(value.toString())
  if (key.startsWith(choiceKeyPrefix) ? isChoice(record) : isModel(record)) return record as TrainedModel
  const { errors } = key.startsWith(choiceKeyPrefix) ? isChoice : isModel
  throw new MillraceError('bad-payload', `"${key}" in models: ${ajv.errorsText(errors, { dataVar: '' })}`)
}

/** With one record of the topic applied; null removes. @throws SyntaxError, or MillraceError `bad-payload` */
export function withRecord(book: ModelBook, key: string, value: Buffer | null): ModelBook {
  const chooses = key.startsWith(choiceKeyPrefix)
  const name = chooses ? key.slice(choiceKeyPrefix.length) : key
  const entries = new Map<string, unknown>(chooses ? book.choices : book.models)
  if (value === null) entries.delete(name)
  else entries.set(name, parsed(key, value))
  return chooses
    ? bookOf(book.models, entries as Map<string, ModelChoice>)
    : bookOf(entries as Map<string, TrainedModel>, book.choices)
}

function bookOf(models: ModelBook['models'], choices: ModelBook['choices']): ModelBook {
  const byClass = new Map<string, ModelsInForce>()
  const inForce: ModelBook['inForce'] = {}
  for (const assetClass of [...choices.keys()].sort()) {
    const { active, shadow } = choices.get(assetClass)!
    const chosen = [active, shadow].map(id => (id === null ? undefined : models.get(id)))
    byClass.set(assetClass, {
      ...(chosen[0] && { active: chosen[0] }),
      ...(chosen[1] && { shadow: chosen[1] }),
    })
    inForce[assetClass] = { active: chosen[0]?.id ?? null, shadow: chosen[1]?.id ?? null }
  }
  return { models, choices, inForce, of: assetClass => byClass.get(assetClass) ?? {} }
}
