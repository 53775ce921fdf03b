import { type Static, Type } from 'typebox'
import { name, tablePattern } from './patterns.ts'
import { closed } from './schema-tree.ts'

const parameterValue = Type.Union([Type.String(), Type.Number(), Type.Boolean()])
export type ParameterValue = Static<typeof parameterValue>

const parameter = Type.Object({
  description: Type.Optional(Type.String({ description: 'What it is.' })),
  type: Type.Union([Type.Literal('text'), Type.Literal('number'), Type.Literal('boolean')], {
    default: 'text',
    description:
      'What a key becomes whose text is this parameter alone, as in `range: [0, "${max}"]`. Within other text it is always text.',
  }),
  default: Type.Optional({
    ...parameterValue,
    description: 'For instances that do not say otherwise. Without it they must.',
  }),
})
export type Parameter = Static<typeof parameter>

const entries = (description: string) =>
  Type.Array(Type.Object({}, { additionalProperties: true }), { default: [], description })

/** A file in `templates/`, for what can be told without an instance; what it gives to each gets the whole check there. */
export const templateSchema = closed(
  Type.Object({
    template: name('Name of the template; unique in the plant.'),
    parameters: Type.Record(Type.String(), parameter, {
      default: {},
      description:
        'By name: a letter in lower case, letters, digits, `_`. In all text below, `${name}` stands for its value, `${name+4}` for a whole number so much higher; `$${` is a plain `${`.',
    }),
    name: Type.Optional(
      Type.String({ minLength: 1, description: 'Name of assets that have none of their own.' }),
    ),
    description: Type.Optional(Type.String({ description: 'Of assets that have none of their own.' })),
    tags: entries('As in a machine, with the address keys of the connector that it is used with.'),
    signals: entries('As in a machine.'),
  }),
)
export type TemplateFile = Static<typeof templateSchema>

/** Of an asset that is made from a template. */
export const instanceProperties = {
  template: Type.Optional(
    name('A template in `templates/`, which gives tags and signals; those that stand here come after them.'),
  ),
  with: Type.Optional(
    Type.Record(Type.String(), parameterValue, {
      description: "Values of the template's parameters, by name.",
    }),
  ),
  table: Type.Optional(
    Type.String({
      pattern: tablePattern,
      description:
        'With `template`, and instead of `id`: a file in `tables/` with one asset a row. Columns: `id`, `name`, `description`, and parameters.',
    }),
  ),
}
