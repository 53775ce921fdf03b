import { exportTopic } from '../edge-broker/topics.ts'
import { MillraceError, type Output, segmentPattern } from '../model/index.ts'

const destinationName = new RegExp(`^${segmentPattern}$`)

/** What may leave the plant: derived records. Whatever is not listed here is raw or internal and stays. */
export const exportable = [
  'aggregates-1s',
  'aggregates-1m',
  'aggregates-1h',
  'signals',
  'parts',
  'alarms',
  'alarm-events',
] as const satisfies readonly Output['topic'][]
export type Exportable = (typeof exportable)[number]

/** A destination and the topics that it may have; a plant's `region` is one. */
export type ExportPolicy = { readonly name: string; readonly exports: readonly string[] }

/**
 * Called before anything starts.
 * @throws MillraceError `config-invalid` that tells every topic that may not leave
 */
export function checkPolicy({ name, exports }: ExportPolicy): void {
  if (!destinationName.test(name)) {
    throw new MillraceError('config-invalid', `"${name}" cannot name a destination of exports`, {
      hint: 'Write it in lower case letters, digits and dashes',
    })
  }
  const refused = exports.filter(topic => !isExportable(topic)).map(topic => `"${topic}"`)
  if (refused.length === 0) return
  throw new MillraceError(
    'config-invalid',
    `${refused.join(', ')} may not be exported: raw data stays in the plant`,
    {
      hint: `What may leave is ${exportable.join(', ')}`,
    },
  )
}

function isExportable(topic: string): topic is Exportable {
  return (exportable as readonly string[]).includes(topic)
}

export type Exported = { readonly topic: string; readonly value: Output['value']; readonly t: Output['t'] }

/** The copy of an output that the policy lets out, if any; key and time are the original's. Nothing raw, whatever the policy says. */
export function exportsOf({ name, exports }: ExportPolicy, { topic, value, t }: Output): Exported[] {
  return isExportable(topic) && exports.includes(topic) ? [{ topic: exportTopic(name, topic), value, t }] : []
}
