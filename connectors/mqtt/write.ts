import {
  MillraceError,
  orAbort,
  qualityOf,
  type Sample,
  type Tag,
  toJson,
  type Value,
} from '../../model/index.ts'
import type { Source } from '../contract.ts'
import type { Link } from './link.ts'
import type { Address, Options } from './options.ts'
import { stepsOf } from './path.ts'
import type { SparkplugHost } from './sparkplug/host.ts'
import { encodeCommand } from './sparkplug/payload.ts'
import { idOf } from './sparkplug/source.ts'
import { commandTopic } from './sparkplug/topic.ts'
import { encodable } from './sparkplug/value.ts'

type Command = { readonly topic: string; readonly payload: Uint8Array | string; readonly retain: boolean }
type Waiting = { readonly tag: Tag; readonly take: (value: Value) => void }

/** Publishes commands, and reads them back from where the tag's values come. Only where the tag declares it. */
export class Writer {
  readonly #source: Source<Options, Address>
  readonly #host: SparkplugHost | undefined
  readonly #link: () => Link
  readonly #waiting = new Set<Waiting>()

  constructor(source: Source<Options, Address>, host: SparkplugHost | undefined, link: () => Link) {
    this.#source = source
    this.#host = host
    this.#link = link
  }

  /** Every sample that comes. */
  seen({ tag, value, status }: Sample): void {
    if (this.#waiting.size === 0 || qualityOf(status) === 'bad') return
    for (const waiting of this.#waiting) if (waiting.tag === tag) waiting.take(value)
  }

  /**
   * Resolves with the raw value read back: what was written once it is seen, else what was seen last within `timeoutMs`.
   * Rejects with `timeout` where nothing was, `unsupported` where the tag declares no way to write it.
   */
  async write(tag: Tag, value: Value, signal: AbortSignal): Promise<Value> {
    const declared = this.#source.tags.find(
      each => each.tag.asset === tag.asset && each.tag.name === tag.name,
    )
    if (!declared)
      throw new MillraceError('bad-address', `${nameOf(tag)} is not a tag of ${this.#source.name}`)
    const { topic, payload, retain } = this.#commandOf(declared.tag, declared.address, value)
    const link = this.#link()
    const seen: Value[] = []
    const back = Promise.withResolvers<void>()
    const take = (value_: Value) => {
      seen.push(value_)
      if (same(value_, value)) back.resolve()
    }
    const waiting = { tag: declared.tag, take }
    this.#waiting.add(waiting)
    const timer = setTimeout(back.resolve, this.#source.options.timeoutMs)
    try {
      await orAbort(link.publish(topic, payload, { qos: 1, retain }), signal)
      await orAbort(back.promise, AbortSignal.any([signal, link.lost]))
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(waiting)
    }
    if (seen.length > 0) return seen.at(-1)!
    throw notReadBack(tag, this.#source.options.timeoutMs)
  }

  #commandOf(tag: Tag, { command, metric, payload }: Address, value: Value): Command {
    if (metric?.writable) return this.#metricCommand(tag, metric, value)
    if (!command) {
      throw new MillraceError('unsupported', `${nameOf(tag)} declares no way to write it`, {
        hint: 'Give it `command` with a topic, or a Sparkplug metric `writable: true`',
      })
    }
    const { topic, path, retain } = command
    const json = path !== undefined || payload === 'json'
    const body = path === undefined ? toJson(value) : nested(stepsOf(path), toJson(value))
    return { topic, payload: json ? JSON.stringify(body) : String(body), retain }
  }

  #metricCommand(tag: Tag, metric: NonNullable<Address['metric']>, value: Value): Command {
    const { group, node, device, name } = idOf(metric)
    const born = this.#host?.node(group, node).metric(device, name)
    if (!born) {
      throw new MillraceError('bad-address', `${nameOf(tag)}: its edge node has not told of ${name} yet`, {
        transient: true,
        hint: 'The datatype comes with the birth of the node',
      })
    }
    const payload = encodeCommand(
      { name, datatype: born.datatype, ...encodable(born.datatype, value) },
      Date.now(),
    )
    return { topic: commandTopic(group, node, device), payload, retain: false }
  }
}

function nested(steps: readonly string[], value: unknown): unknown {
  return steps.reduceRight((inner, step) => ({ [step]: inner }), value)
}

/** A float32 comes back as what it was rounded to. */
function same(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b || a === Math.fround(b)
  return JSON.stringify(toJson(a)) === JSON.stringify(toJson(b))
}

function nameOf(tag: Tag): string {
  return `${tag.asset} ${tag.name}`
}

function notReadBack(tag: Tag, ms: number): MillraceError {
  return new MillraceError('timeout', `${nameOf(tag)} was written, and no value came back within ${ms} ms`, {
    transient: true,
    hint: 'Does the device publish the value after it was set? See the topic of the tag',
  })
}
