import {
  coded,
  type Micros,
  MillraceError,
  type Sample,
  status,
  type Tag,
  type Value,
} from '../../model/index.ts'
import { asValue, contentOf } from './decode.ts'
import type { Message, Route, Sink } from './message.ts'
import type { Address, Subscription } from './options.ts'
import { at, pointerOf, stepsOf } from './path.ts'
import { filled, patternOf } from './pattern.ts'
import type { Origin, Registry } from './registry.ts'
import type { Binding } from './router.ts'
import { timeOf } from './time.ts'

type Reading = Pick<Address, 'payload' | 'path' | 'timePath' | 'timeUnit'>

/** The messages of a declared tag's topic. */
export function declaredRoute(tag: Tag, address: Address): Route {
  return tagRoute(reader(address), tag)
}

/** What one subscription makes of its topics. */
export function subscriptionBinding(subscription: Subscription, registry: Registry): Binding {
  const pattern = patternOf(subscription.topic)
  const made: Maker = { subscription, registry, itself: standIn(subscription.topic, subscription.asset) }
  const read = reader({
    ...subscription,
    ...(subscription.tagsFrom === 'keys' && { payload: 'json' as const }),
  })
  const bind = subscription.tagsFrom === 'keys' ? keysRoute : topicRoute
  return { pattern, bind: (topic, names) => bind(made, read, topic, names) }
}

/** What does not become a tag is reported in the name of what should have made it. */
export function standIn(filter: string, asset: string): Tag {
  return { asset, name: filter, class: 'telemetry' }
}

type Maker = { readonly subscription: Subscription; readonly registry: Registry; readonly itself: Tag }
type Names = ReadonlyMap<string, string>

function topicRoute(maker: Maker, read: Reader, topic: string, names: Names): Route {
  const tag = attempt(() => makeTag(maker, names, topic, filledName(maker, names)))
  return tag instanceof MillraceError ? (_, sink) => sink.unusable(maker.itself, 1, tag) : tagRoute(read, tag)
}

function keysRoute(maker: Maker, read: Reader, topic: string, names: Names): Route {
  const { subscription, itself } = maker
  const prefix = filledName(maker, names)
  const time = subscription.timePath === undefined ? undefined : stepsOf(subscription.timePath).join('/')
  const base = subscription.path === undefined ? [] : stepsOf(subscription.path)
  const known = new Map<string, Tag>()
  const make = (steps: readonly string[], key: string): Tag => {
    const name = [prefix, ...steps.map(step => maker.registry.spelt(step))].filter(Boolean).join('-')
    const tag = makeTag(maker, names, `${topic}#${pointerOf(steps)}`, name)
    known.set(key, tag)
    return tag
  }
  return (message, sink) => {
    const got = attempt(() => read(message, 'telemetry'))
    if (got instanceof MillraceError) return sink.unusable(itself, 1, got)
    for (const [steps, value] of leaves(got.value, [])) {
      if (time !== undefined && [...base, ...steps].join('/') === time) continue
      const key = steps.join('\0')
      const tag = known.get(key) ?? attempt(() => make(steps, key))
      if (tag instanceof MillraceError) sink.unusable(itself, 1, tag)
      else sink.sample(sampleOf(tag, { ...got, value }))
    }
  }
}

function filledName({ subscription, registry }: Maker, names: Names): string {
  const template = subscription.tag || (subscription.tagsFrom === 'topic' ? '{rest}' : '')
  return filled(template, name => registry.spelt(names.get(name) ?? ''))
}

function makeTag({ subscription, registry }: Maker, names: Names, from: string, name: string): Tag {
  const { unit, sampleRateHz } = subscription
  const origin: Origin = {
    from,
    class: subscription.payload === 'float32le' ? 'waveform' : 'telemetry',
    ...(unit !== undefined && { unit }),
    ...(sampleRateHz !== undefined && { sampleRateHz }),
  }
  return registry.tag(
    filled(subscription.asset, name => registry.spelt(names.get(name) ?? '')),
    name,
    origin,
  )
}

/** Keys of nested objects one after the other; whatever is no object is a value. */
function* leaves(value: Value, above: readonly string[]): Iterable<readonly [readonly string[], Value]> {
  const isObject =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
  if (!isObject) yield [above, value]
  else for (const [key, part] of Object.entries(value)) yield* leaves(part, [...above, key])
}

function tagRoute(read: Reader, tag: Tag): Route {
  return (message, sink) => {
    const got = attempt(() => read(message, tag.class))
    if (got instanceof MillraceError) return badSample(tag, got, message.at, sink)
    sink.sample(sampleOf(tag, got))
  }
}

function badSample(tag: Tag, problem: MillraceError, t: Micros, sink: Sink): void {
  sink.problem(tag, problem)
  const code = problem.code === 'bad-address' ? status.badNodeIdUnknown : status.badDecodingError
  sink.sample({ tag, t, value: null, status: code })
}

type Got = { readonly value: Value; readonly t: Micros; readonly timed: boolean; readonly retained: boolean }

/** Time and value of a message. @throws MillraceError `bad-payload`, or `bad-address` where the JSON lacks the path */
type Reader = (message: Message, tagClass: Tag['class']) => Got

function reader({ payload, path, timePath, timeUnit }: Reading): Reader {
  const steps = path === undefined ? [] : stepsOf(path)
  const timeSteps = timePath === undefined ? undefined : stepsOf(timePath)
  return ({ topic, payload: bytes, at: came, retained }, tagClass) => {
    const content = contentOf(payload, bytes)
    if (!('json' in content)) return { value: content.value, t: came, timed: !retained, retained }
    const value = at(content.json, steps)
    if (value === undefined) throw missing(topic, path ?? '')
    const own = timeSteps && timeOf(at(content.json, timeSteps), timeUnit)
    // Without a time of its own a message is as old as its way here, and a retained one of any age.
    const timed = timeSteps ? own !== undefined : !retained
    return { value: asValue(value, tagClass), t: own ?? came, timed, retained }
  }
}

function missing(topic: string, path: string): MillraceError {
  return new MillraceError('bad-address', `The messages of ${topic} have nothing at "${path}"`, {
    hint: 'Compare `path` with the JSON that is published; it is case sensitive',
  })
}

function sampleOf(tag: Tag, { value, t, timed, retained }: Got): Sample {
  if (value === null) return { tag, t, value, status: status.badNoData }
  if (timed) return { tag, t, value, status: status.good }
  return { tag, t, value, status: retained ? status.uncertainLastUsableValue : status.uncertain }
}

function attempt<T>(work: () => T): T | MillraceError {
  try {
    return work()
  } catch (thrown) {
    return coded(thrown, 'bad-payload', 'the message cannot be read')
  }
}
