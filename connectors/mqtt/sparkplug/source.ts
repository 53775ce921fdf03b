import type { Tag } from '../../../model/index.ts'
import type { Report, Source } from '../../contract.ts'
import type { Address, Metric, Options } from '../options.ts'
import { filled } from '../pattern.ts'
import type { Registry } from '../registry.ts'
import { standIn } from '../routes.ts'
import { type HostOptions, type MetricId, SparkplugHost } from './host.ts'
import { groupFilter, namespace, nodeFilter } from './topic.ts'

type Declared = { readonly id: MetricId; readonly tag: Tag }

/** The Sparkplug part of one source: whose metrics are wanted, and as which tags. */
export type SparkplugSource = {
  readonly host: SparkplugHost
  readonly filters: readonly string[]
  readonly declared: readonly Declared[]
}

/** Undefined where nothing in the source is Sparkplug. */
export function sparkplugOf(
  source: Source<Options, Address>,
  registry: Registry,
  report: Report,
  askForBirth: HostOptions['askForBirth'],
): SparkplugSource | undefined {
  const { group } = source.options.sparkplug ?? {}
  const declared = source.tags.flatMap(({ tag, address }) =>
    address.metric ? [{ tag, id: idOf(address.metric) }] : [],
  )
  const nodes = new Map(declared.map(({ id }) => [`${id.group}/${id.node}`, id]))
  const own = [...nodes.values()].filter(id => id.group !== group).map(id => nodeFilter(id.group, id.node))
  const filters = [...(group === undefined ? [] : [groupFilter(group)]), ...own]
  if (filters.length === 0) return undefined
  // Only where everything is numbered is what was due known.
  const numbered = source.options.subscriptions.length === 0 && declared.length === source.tags.length
  const host = new SparkplugHost({
    tagOf: tagsOf(source.options, declared, registry),
    declared: byNode(declared),
    askForBirth,
    lost: count => report.lost(undefined, 'queueOverflow', count),
    expected: numbered ? count => report.expected(count) : () => {},
    itself: standIn(filters[0]!, source.tags[0]?.tag.asset ?? namespace),
  })
  return { host, filters, declared }
}

export function idOf({ group, node, device = '', name }: Metric): MetricId {
  return { group, node, device, name }
}

const keyOf = ({ group, node, device, name }: MetricId) => [group, node, device, name].join('\0')

function byNode(declared: readonly Declared[]): HostOptions['declared'] {
  const nodes = Map.groupBy(declared, ({ id }) => `${id.group}/${id.node}`)
  return (group, node) => nodes.get(`${group}/${node}`) ?? []
}

function tagsOf(
  { sparkplug }: Options,
  declared: readonly Declared[],
  registry: Registry,
): HostOptions['tagOf'] {
  const known = new Map<string, Tag | undefined>(declared.map(({ id, tag }) => [keyOf(id), tag]))
  return id => {
    const key = keyOf(id)
    if (known.has(key)) return known.get(key)
    const template = id.device === '' ? sparkplug?.nodeAsset : sparkplug?.deviceAsset
    if (sparkplug?.group !== id.group || template === undefined) return undefined
    const asset = filled(template, name => registry.spelt(id[name as 'group' | 'node' | 'device'] ?? ''))
    const from = [id.group, id.node, id.device, id.name].join(' / ')
    const tag = registry.tag(asset, registry.spelt(id.name), { from, class: 'telemetry' })
    known.set(key, tag)
    return tag
  }
}
