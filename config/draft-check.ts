import { resolve } from 'node:path'
import { stringify } from 'yaml'
import { MillraceError, parseAssetId } from '../model/index.ts'
import type { Drafted, DraftTag, Placing } from './draft.ts'
import { draftAssets } from './draft.ts'
import { checkFolder } from './load.ts'
import { machineText, type WritableMachine } from './machine-text.ts'
import type { PlantProblem } from './problem.ts'

export type Draft<T> = {
  readonly text: string
  readonly assets: number
  readonly tags: number
  /** Tags that the check refuses, and why. */
  readonly refused: readonly { readonly tag: T; readonly why: string }[]
}

/**
 * A machine's file that passes the check: tags that do not are left out and told.
 * @throws MillraceError `config-invalid` when it is not the tags that are wrong, or none is left
 */
export function draftMachine<T extends DraftTag>(
  head: Omit<WritableMachine, 'assets'>,
  tags: readonly T[],
  placing: Placing,
  comment: string,
): Draft<T> {
  const drafted = draftAssets(tags, placing)
  const refusals = problemsOf(textOf(head, drafted), drafted)
  const refused = new Map(refusals.flatMap(({ tag, why }) => (tag ? [[tag, why] as const] : [])))
  const others = refusals.filter(({ tag }) => tag === undefined)
  const kept = tags.filter(tag => !refused.has(tag))
  if (others.length > 0) throw invalid(others.map(({ why }) => why).join('; '))
  if (kept.length === 0) throw invalid('none of the tags passes the check', [...refused.values()][0])
  const final = draftAssets(kept, placing)
  const text = textOf(head, final, comment)
  const left = problemsOf(text, final)
  if (left.length > 0) throw invalid(left.map(({ why }) => why).join('; '))
  return {
    text,
    assets: final.length,
    tags: kept.length,
    refused: Array.from(refused, ([tag, why]) => ({ tag, why })),
  }
}

function textOf(
  head: Omit<WritableMachine, 'assets'>,
  drafted: readonly Drafted<unknown>[],
  comment?: string,
): string {
  return machineText({ ...head, assets: drafted.map(({ asset }) => asset) }, comment)
}

function problemsOf<T extends DraftTag>(text: string, drafted: readonly Drafted<T>[]) {
  return checkedAlone(text, parseAssetId(drafted[0]!.asset.id).site).map(problem => {
    const [, asset, tag] = /^assets\[(\d+)\]\.tags\[(\d+)\]/.exec(problem.path) ?? []
    const why = problem.path && !tag ? `${problem.path}: ${problem.message}` : problem.message
    return { tag: tag === undefined ? undefined : drafted[Number(asset)]?.from[Number(tag)], why }
  })
}

/** The check of a plant that has nothing else. */
function checkedAlone(text: string, site: string): readonly PlantProblem[] {
  const services = ['broker', 'connectors', 'processors', 'board']
  const servers = [{ name: 'p1', address: '127.0.0.1', nodeId: 1, services }]
  const encode = (content: string) => new TextEncoder().encode(content)
  const files = new Map([
    ['plant.yaml', encode(stringify({ plant: 'draft', site, servers }))],
    ['machines/draft.yaml', encode(text)],
  ])
  return checkFolder({ dir: resolve('draft'), files, problems: [] }).problems
}

function invalid(message: string, hint?: string): MillraceError {
  return new MillraceError('config-invalid', message, hint === undefined ? {} : { hint })
}
