import { type MillraceError, status, type Tag } from '../../model/index.ts'
import type { Report, Source } from '../contract.ts'
import type { Sink } from './message.ts'
import type { Address, Options } from './options.ts'
import { patternOf } from './pattern.ts'
import { Registry } from './registry.ts'
import { Router } from './router.ts'
import { declaredRoute, standIn, subscriptionBinding } from './routes.ts'
import { Births } from './sparkplug/births.ts'
import { notHeard } from './sparkplug/host.ts'
import { type SparkplugSource, sparkplugOf } from './sparkplug/source.ts'
import { groupFilter, nodeFilter } from './sparkplug/topic.ts'

type MqttSource = Source<Options, Address>

/** What one source wants from its broker, and what becomes of it. */
export type Routes = {
  readonly router: Router
  readonly filters: readonly string[]
  readonly sparkplug: SparkplugSource | undefined
  /** Stands in reports for what no filter stands for. */
  readonly itself: Tag
  /** The broker gives nothing of this filter: what hangs on it is bad. */
  refuse(filter: string, problem: MillraceError, sink: Sink): void
  /** Once subscribed: asks the nodes that are declared for their births. */
  start(sink: Sink): void
}

export function routesOf(
  source: MqttSource,
  report: Report,
  publish: (topic: string, payload: Uint8Array) => void,
): Routes {
  const { options, tags } = source
  const registry = new Registry(
    tags.map(({ tag }) => tag),
    options,
  )
  const births = new Births(options.sparkplug?.rebirthIntervalMs ?? 10_000, publish)
  const ask = (group: string, node: string) => {
    if (options.sparkplug?.rebirth !== false) births.ask(group, node)
  }
  const sparkplug = sparkplugOf(source, registry, report, ask)
  const router = new Router([
    ...options.subscriptions.map(subscription => subscriptionBinding(subscription, registry)),
    ...(sparkplug?.filters ?? []).map(filter => ({
      pattern: patternOf(filter),
      bind: (topic: string) => sparkplug!.host.route(topic) ?? (() => {}),
    })),
  ])
  for (const { tag, address } of tags) {
    if (address.topic !== undefined) router.add(address.topic, declaredRoute(tag, address))
  }
  return {
    router,
    filters: router.filters(),
    sparkplug,
    itself: standIn(options.endpoint, tags[0]?.tag.asset ?? source.name),
    refuse: (filter, problem, sink) => refused(source, filter, problem, sink),
    start(sink) {
      for (const { id, tag } of sparkplug?.declared ?? []) {
        if (sparkplug!.host.node(id.group, id.node).isAlive) continue
        sink.problem(tag, notHeard(id))
        ask(id.group, id.node)
      }
    },
  }
}

function refused({ options, tags }: MqttSource, filter: string, problem: MillraceError, sink: Sink): void {
  for (const { tag, address } of tags) {
    const { topic, metric } = address
    if (
      topic !== filter &&
      !(metric && [nodeFilter(metric.group, metric.node), groupFilter(metric.group)].includes(filter))
    )
      continue
    sink.problem(tag, problem)
    sink.sample({ tag, t: Date.now() * 1000, value: null, status: status.badUserAccessDenied })
  }
  for (const { topic, asset } of options.subscriptions) {
    if (patternOf(topic).filter === filter) sink.problem(standIn(topic, asset), problem)
  }
}
