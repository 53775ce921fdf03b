import { type TObject, type TProperties, Type } from 'typebox'
import { stringify } from 'yaml'
import type { ConnectorKind } from '../connectors/contract.ts'
import { MillraceError } from '../model/index.ts'
import type { PlantProblem } from './problem.ts'
import { closed } from './schema-tree.ts'
import { validate } from './validate.ts'
import { parseYaml } from './yaml.ts'

/**
 * Options of a source that no folder declares, checked as if one did, with every default filled in.
 * @throws MillraceError `config-invalid` telling all that is wrong with them
 */
export function sourceOptions(
  kind: ConnectorKind,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> & { endpoint: string } {
  return checked(kind.options, given, `options of ${kind.kind}`) as ReturnType<typeof sourceOptions>
}

/** As `sourceOptions`, of the address of one tag. */
export function tagAddress(
  kind: ConnectorKind,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return checked(kind.address, given, `address for ${kind.kind}`)
}

function checked(
  schema: TObject<TProperties>,
  given: Readonly<Record<string, unknown>>,
  what: string,
): Record<string, unknown> {
  const file = parseYaml(what, new TextEncoder().encode(stringify(given)))
  const problems = validate(closed(Type.Object(schema.properties)), file)
  if (problems.length === 0) return file.value as Record<string, unknown>
  throw new MillraceError('config-invalid', `${what}: ${problems.map(told).join('; ')}`, {
    hint: 'docs/reference/configuration.md lists them all',
  })
}

function told({ path, message, suggestion }: PlantProblem): string {
  const advice = suggestion === undefined ? '' : `, did you mean "${suggestion}"?`
  return `${path ? `${path} ` : ''}${message}${advice}`
}
