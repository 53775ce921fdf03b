import type { AlarmOptions } from '../alarms/lifecycle.ts'
import type { BufferOptions } from '../connectors/buffer/options.ts'
import type { Tag } from '../model/index.ts'
import type { AggregateOptions } from '../processors/aggregate/index.ts'
import type { SignalSpec } from '../processors/contract.ts'

export type { SignalSpec }

/** What a server can run; which one runs what is declared in plant.yaml. */
export const serviceNames = ['broker', 'connectors', 'processors', 'replicator', 'board'] as const
export type ServiceName = (typeof serviceNames)[number]

/** A plant folder as loaded and checked: every default filled in, every reference resolved. */
export type Plant = {
  /** The folder, as an absolute path. */
  readonly dir: string
  /** SHA-256, hexadecimal, over names and bytes of the files read; equal on all servers that hold the same folder. */
  readonly hash: string
  readonly name: string
  readonly site: string
  readonly title: string
  readonly partitions: number
  readonly servers: readonly ServerSpec[]
  readonly region?: RegionSpec
  /** For `chainFor`. */
  readonly aggregates?: AggregateOptions
  /** For `lifecycle`. */
  readonly alarms?: AlarmOptions
  /** Absent: nothing is simulated. */
  readonly simulator?: { readonly seed: number }
  readonly sources: readonly SourceSpec[]
  readonly assets: readonly AssetSpec[]
}

export type ServerSpec = {
  readonly name: string
  /** IP address or host name at which the other servers reach it. */
  readonly address: string
  /** Kafka's `node.id`. */
  readonly nodeId: number
  readonly services: readonly ServiceName[]
}

export type RegionSpec = {
  readonly name: string
  /** `host:port` each. Absent: `millrace start` runs a one-broker region of its own. */
  readonly bootstrap?: readonly string[]
  /** Topics that may leave the plant. */
  readonly exports: readonly string[]
}

/** One connection to one device; one file in `machines/`. */
export type SourceSpec = {
  readonly name: string
  /** `ConnectorKind.kind` */
  readonly connector: string
  /** Sessions that the plant's servers together may have with the device. */
  readonly maxSessions: number
  /** Fits `ConnectorKind.options`. */
  readonly options: Readonly<Record<string, unknown>> & { readonly endpoint: string }
  readonly buffer: BufferOptions
  /** Ids of the assets it serves. */
  readonly assets: readonly string[]
  /** `address` fits `ConnectorKind.address`. */
  readonly tags: readonly { readonly tag: Tag; readonly address: Readonly<Record<string, unknown>> }[]
}

export type AssetSpec = {
  readonly id: string
  readonly name: string
  readonly description?: string
  /** Assets of one class share trained models. */
  readonly class?: string
  /** Name of the source that serves it. */
  readonly source: string
  readonly tags: readonly Tag[]
  readonly signals: readonly SignalSpec[]
}

/** What is in a plant, in one line. */
export function describePlant(plant: Plant): string {
  const tags = plant.sources.reduce((sum, source) => sum + source.tags.length, 0)
  const signals = plant.assets.reduce((sum, asset) => sum + asset.signals.length, 0)
  const counts = [
    counted(plant.servers.length, 'server'),
    counted(plant.sources.length, 'source'),
    counted(plant.assets.length, 'asset'),
    counted(tags, 'tag'),
    counted(signals, 'signal'),
  ]
  return `${plant.name}: ${counts.join(', ')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
