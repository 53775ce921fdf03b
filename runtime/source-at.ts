/** A source for a command that talks to a device itself: declared in a plant, or named by a URL and options alone. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadPlant } from '../config/load.ts'
import type { Plant, SourceSpec } from '../config/plant.ts'
import { sourceOptions } from '../config/source-options.ts'
import type { ConnectorKind } from '../connectors/contract.ts'
import { connectors } from '../connectors/index.ts'
import { MillraceError } from '../model/index.ts'
import { nearest } from '../model/nearest.ts'
import { defaultStateDir, demoPlant, layoutOf, sourceDir } from './layout.ts'
import { optionList } from './option-list.ts'
import { type PlantAt, type PlantOptions, plantAt, stateDirOf } from './plant-at.ts'

export type SourceOptions = PlantOptions & { readonly source?: string; readonly option?: readonly string[] }

export type SourceAt = {
  readonly kind: ConnectorKind
  readonly options: Record<string, unknown> & { endpoint: string }
  readonly stateDir: string
}

/** A source that no plant declares. Certificates that it trusts are kept, a folder a connector. */
export function undeclaredSource(kind: ConnectorKind, given: Readonly<Record<string, unknown>>): SourceAt {
  const plantState = process.env.MILLRACE_STATE
  const tools = plantState === undefined ? defaultStateDir('tools') : join(plantState, 'tools')
  const stateDir = join(tools, kind.kind)
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  return { kind, options: sourceOptions(kind, given), stateDir }
}

/**
 * A declared source as this machine reaches it, with its certificates, under `more` options.
 * @throws MillraceError `config-invalid`, `bad-address` when the plant has no such source
 */
export async function declaredSource(
  { plant, at }: PlantHere,
  name: string,
  more: Readonly<Record<string, unknown>>,
): Promise<SourceAt> {
  const spec = sourceNamed(plant, name)
  const kind = connectors[spec.connector]!
  const endpoint = at?.file.endpoints[name] ?? spec.options.endpoint
  const options = sourceOptions(kind, { ...spec.options, endpoint, ...ownClientId(spec.options), ...more })
  const stateDir = at ? sourceDir(at.file.stateDir, name) : undeclaredSource(kind, options).stateDir
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  return { kind, options, stateDir }
}

/** A second session under one client id would displace the plant's own (MQTT 5.0, 3.1.4). */
function ownClientId({ clientId }: SourceSpec['options']): { clientId?: string } {
  return typeof clientId === 'string' ? { clientId: `${clientId}-${process.pid}` } : {}
}

function sourceNamed({ sources, name: plant }: Plant, name: string): SourceSpec {
  const spec = sources.find(declared => declared.name === name)
  if (spec) return spec
  const names = sources.map(declared => declared.name)
  const near = nearest(name, names)
  throw new MillraceError('bad-address', `the plant "${plant}" has no source "${name}"`, {
    hint: near ? `Did you mean ${near}?` : `It has ${names.join(', ')}`,
  })
}

export type PlantHere = { readonly plant: Plant; readonly at?: PlantAt }

/** The plant as it runs or has run on this machine, which knows the ports it found; else as declared. */
export async function plantHere(options: PlantOptions): Promise<PlantHere> {
  const plant = await loadPlant(options.plant ?? demoPlant)
  const layout = layoutOf(stateDirOf(options, plant.name))
  if (!existsSync(layout.plantDir)) return { plant }
  const at = await plantAt(options)
  return { plant, at }
}

export const givenOptions = ({ option }: SourceOptions) => optionList(option)
