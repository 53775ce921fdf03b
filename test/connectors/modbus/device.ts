import { Value as TypeBox } from 'typebox/value'
import { modbus, type Options, options as schema, type TagAddress } from '../../../connectors/modbus/index.ts'
import type { Tag } from '../../../model/index.ts'
import { Collector } from '../collector.ts'
import { type Running, running } from '../running.ts'

export type DeclaredTag = { readonly tag: Tag; readonly address: TagAddress }

/** Options as the configuration gives them: defaults filled in from the schema. */
export function optionsFor(port: number, given: Partial<Options> = {}): Options {
  return TypeBox.Default(schema, {
    endpoint: `modbus://127.0.0.1:${port}?unit=1`,
    scanMs: 50,
    ...given,
  }) as Options
}

export function declare(name: string, address: string | TagAddress, more: Partial<Tag> = {}): DeclaredTag {
  const tag: Tag = { asset: 'test/area/line/drive', name, class: 'telemetry', ...more }
  return { tag, address: typeof address === 'string' ? { address } : address }
}

/** A connector that has connected and runs. */
export async function start(
  tags: readonly DeclaredTag[],
  options: Options,
  resume?: string,
  collector = new Collector(),
): Promise<Running> {
  const source = { name: 'under-test', options, tags, stateDir: '/nonexistent' }
  const connector = modbus.open({ ...source, ...(resume !== undefined && { resume }) }, collector.report)
  return running(connector, collector)
}
