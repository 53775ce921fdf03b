import { Value as TypeBox } from 'typebox/value'
import type { Connector, Emit, Report } from '../../../connectors/contract.ts'
import { type Options, s7, options as schema, type TagAddress } from '../../../connectors/s7/index.ts'
import type { Tag } from '../../../model/index.ts'
import { Collector } from '../collector.ts'
import { type Running, running } from '../running.ts'

export type DeclaredTag = { readonly tag: Tag; readonly address: TagAddress }

/** Options as the configuration gives them: defaults filled in from the schema. */
export function optionsFor(port: number, given: Partial<Options> = {}): Options {
  return TypeBox.Default(schema, { endpoint: `s7://127.0.0.1:${port}`, scanMs: 50, ...given }) as Options
}

export function declare(name: string, address: string | TagAddress, more: Partial<Tag> = {}): DeclaredTag {
  const tag: Tag = { asset: 'test/area/line/plc', name, class: 'telemetry', ...more }
  return { tag, address: typeof address === 'string' ? { address } : address }
}

export function open(
  tags: readonly DeclaredTag[],
  options: Options,
  report: Report,
  resume?: string,
): Connector {
  const source = { name: 'under-test', options, tags, stateDir: '/nonexistent' }
  return s7.open({ ...source, ...(resume !== undefined && { resume }) }, report)
}

/** What a source has left to resume from, stored as the disk buffer does: with the samples, or not at all. */
export type Left = { resume?: string }

/** A connector that has connected and runs. */
export async function start(
  tags: readonly DeclaredTag[],
  options: Options,
  left: Left = {},
  collector = new Collector(),
): Promise<Running> {
  const connector = open(tags, options, collector.report, left.resume)
  const emit: Emit = async (samples, resume) => {
    await collector.emit(samples)
    if (resume !== undefined) left.resume = resume
  }
  return running(connector, collector, emit)
}
