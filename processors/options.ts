import { Ajv } from 'ajv'
import type { TObject, TProperties } from 'typebox'
import { MillraceError } from '../model/index.ts'

const ajv = new Ajv({ useDefaults: true, allErrors: true })

/**
 * A copy of `options` that has passed the schema, with its defaults.
 * @throws MillraceError `config-invalid` that names `where` and tells every error
 */
export function checkedOptions(schema: TObject<TProperties>, options: object, where: string): object {
  const checked = structuredClone(options)
  const validate = ajv.compile(schema)
  if (validate(checked)) return checked
  throw new MillraceError('config-invalid', `${where}: ${ajv.errorsText(validate.errors, { dataVar: '' })}`, {
    hint: `Its options are ${Object.keys(schema.properties).join(', ')}`,
  })
}
