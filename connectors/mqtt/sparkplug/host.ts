import {
  coded,
  MillraceError,
  type Sample,
  type StatusCode,
  status,
  type Tag,
  type Value,
} from '../../../model/index.ts'
import type { Message, Route, Sink } from '../message.ts'
import { type Born, EdgeNode, isControl, type Named } from './node.ts'
import { decodePayload, type RawMetric, type RawPayload, sent, small } from './payload.ts'
import { parseTopic, type SparkplugTopic } from './topic.ts'
import { metricValue } from './value.ts'

export type MetricId = { readonly group: string; readonly node: string } & Pick<Born, 'device' | 'name'>

export type HostOptions = {
  /** The tag of a metric; undefined for one that nobody wants. @throws MillraceError where it should have one and cannot */
  readonly tagOf: (id: MetricId) => Tag | undefined
  /** Declared tags of a node, by device and metric. */
  readonly declared: (group: string, node: string) => readonly { readonly id: MetricId; readonly tag: Tag }[]
  readonly askForBirth: (group: string, node: string) => void
  /** Counts what never came, and what was due: samples that came, and at least one for each message that did not. */
  readonly lost: (count: number | 'unknown') => void
  readonly expected: (count: number) => void
  /** Stands in reports for what has no tag. */
  readonly itself: Tag
}

/** Everything that edge nodes say, to samples; `node` tells what is known of each. */
export class SparkplugHost {
  readonly #options: HostOptions
  readonly #nodes = new Map<string, EdgeNode>()

  constructor(options: HostOptions) {
    this.#options = options
  }

  node(group: string, node: string): EdgeNode {
    const key = `${group}/${node}`
    const known = this.#nodes.get(key) ?? new EdgeNode()
    this.#nodes.set(key, known)
    return known
  }

  /** The route of one topic; undefined for topics that are no edge node's. */
  route(topic: string): Route | undefined {
    const parsed = parseTopic(topic)
    return parsed && ((message, sink) => this.#hear(parsed, message, sink))
  }

  #hear(topic: SparkplugTopic, message: Message, sink: Sink): void {
    const node = this.node(topic.group, topic.node)
    try {
      const payload = decodePayload(message.payload)
      if (topic.type === 'NDEATH') {
        if (node.dies(payload)) this.#dead(topic, node, message, sink)
        return
      }
      this.#told(topic, node, payload, message, sink)
      if (topic.type === 'DDEATH') this.#dead(topic, node, message, sink)
    } catch (thrown) {
      sink.unusable(this.#options.itself, 1, coded(thrown, 'bad-payload', `${message.topic}`))
    }
  }

  #told(topic: SparkplugTopic, node: EdgeNode, payload: RawPayload, message: Message, sink: Sink): void {
    const { metrics, unknown, missing, wantsBirth } = node.hear(topic, payload, message.repeated)
    if (missing !== 0) this.#options.lost(missing)
    if (unknown > 0) sink.unusable(this.#options.itself, unknown, notBorn(message.topic))
    if (wantsBirth) this.#options.askForBirth(topic.group, topic.node)
    let samples = unknown + (missing === 'unknown' ? 0 : missing)
    for (const named of metrics) samples += this.#metric(topic, named, payload, message, sink)
    this.#options.expected(samples)
    if (topic.type === 'NBIRTH' || topic.type === 'DBIRTH') this.#missed(topic, node, message, sink)
  }

  /** Emits a metric that somebody wants; returns how many samples were due. */
  #metric(topic: SparkplugTopic, named: Named, payload: RawPayload, message: Message, sink: Sink): number {
    const { born } = named
    if (isControl(born.name)) return 0
    const id = { group: topic.group, node: topic.node, device: born.device, name: born.name }
    const tag = this.#tagOf(id)
    if (!tag) return 0
    if (tag instanceof MillraceError) sink.unusable(this.#options.itself, 1, tag)
    else sink.sample(sampleOf(tag, named, payload, message, problem => sink.problem(tag, problem)))
    return 1
  }

  #tagOf(id: MetricId): Tag | undefined | MillraceError {
    try {
      return this.#options.tagOf(id)
    } catch (thrown) {
      return coded(thrown, 'internal', id.name)
    }
  }

  /** Declared metrics that a birth does not tell of, which it must (5.4: all that will ever be sent). */
  #missed({ group, node, device }: SparkplugTopic, known: EdgeNode, { at }: Message, sink: Sink): void {
    for (const { id, tag } of this.#options.declared(group, node)) {
      if (id.device !== device || known.metric(device, id.name)) continue
      sink.problem(tag, noMetric(id))
      sink.sample({ tag, t: at, value: null, status: status.badNodeIdUnknown })
    }
  }

  /** What has died is bad, and its last values are never repeated. */
  #dead({ group, node, device, type }: SparkplugTopic, known: EdgeNode, { at }: Message, sink: Sink): void {
    const scope = type === 'NDEATH' ? undefined : device
    const tags = new Set<Tag>()
    for (const born of known.living(scope)) {
      const tag = isControl(born.name)
        ? undefined
        : this.#tagOf({ group, node, device: born.device, name: born.name })
      if (tag && !(tag instanceof MillraceError)) tags.add(tag)
    }
    for (const { id, tag } of this.#options.declared(group, node)) {
      if (scope === undefined || id.device === scope) tags.add(tag)
    }
    known.forget(scope)
    const problem = death(group, node, scope)
    for (const tag of tags) {
      sink.problem(tag, problem)
      sink.sample({ tag, t: at, value: null, status: status.badNoCommunication })
    }
  }
}

function sampleOf(
  tag: Tag,
  { raw, born, sure }: Named,
  payload: RawPayload,
  message: Message,
  tell: (problem: MillraceError) => void,
): Sample {
  const stamp = timeOf(raw, payload)
  const quality = qualityOf(raw)
  const base = {
    tag,
    t: stamp ?? message.at,
    ...(quality !== undefined && quality !== 192 && { code: quality }),
  }
  const read = readValue(raw, born.datatype, tag)
  if (read instanceof MillraceError) {
    tell(read)
    return { ...base, value: null, status: status.badDecodingError }
  }
  if (read === null) return { ...base, value: null, status: quality === 0 ? status.bad : status.badNoData }
  return { ...base, value: read, status: statusOf(quality, sure && stamp !== undefined) }
}

function readValue(raw: RawMetric, datatype: number, tag: Tag): Value | MillraceError {
  try {
    return sent(raw, 'isNull') === true ? null : metricValue(raw, datatype, tag.class)
  } catch (thrown) {
    return coded(thrown, 'bad-payload', `${tag.asset} ${tag.name} cannot be read`)
  }
}

/** The metric's own time, else the message's; milliseconds in both (6.4.1, 6.4.6). */
function timeOf(raw: RawMetric, payload: RawPayload): number | undefined {
  const ms = small(sent(raw, 'timestamp') ?? sent(payload, 'timestamp'))
  return ms !== undefined && Number.isSafeInteger(ms * 1000) ? ms * 1000 : undefined
}

/** The property "Quality": 0 bad, 192 good, 500 stale (6.4.14). */
function qualityOf(raw: RawMetric): number | undefined {
  const properties = sent(raw, 'properties')
  const index = properties?.keys?.indexOf('Quality') ?? -1
  const value = index < 0 ? undefined : properties?.values?.[index]
  return value && (sent(value, 'intValue') ?? small(sent(value, 'longValue')))
}

function statusOf(quality: number | undefined, sure: boolean): StatusCode {
  if (quality === undefined || quality === 192) return sure ? status.good : status.uncertain
  if (quality === 500) return status.uncertainLastUsableValue
  return status.bad
}

function notBorn(topic: string): MillraceError {
  return new MillraceError('bad-address', `${topic} sends metrics that no birth has told of`, {
    transient: true,
    hint: 'The node is asked for its birth; if it stays so, it does not answer Node Control/Rebirth',
  })
}

function noMetric({ group, node, device, name }: MetricId): MillraceError {
  const where = [group, node, device].filter(Boolean).join('/')
  return new MillraceError('bad-address', `The birth of ${where} has no metric "${name}"`, {
    hint: 'Compare the name with what `millrace browse` shows; it is case sensitive',
  })
}

function death(group: string, node: string, device: string | undefined): MillraceError {
  const what = device === undefined ? `edge node ${group}/${node}` : `device ${device} of ${group}/${node}`
  return new MillraceError('unreachable', `The ${what} is offline`, {
    transient: true,
    hint: 'Its values come back with its next birth; look at the gateway and what is behind it',
  })
}

/** Before anything was heard of a declared node. */
export function notHeard({ group, node }: MetricId): MillraceError {
  return new MillraceError('unreachable', `Nothing has been heard of the edge node ${group}/${node} yet`, {
    transient: true,
    hint: 'It speaks with its next birth; compare group and node ids with what `millrace browse` shows',
  })
}
