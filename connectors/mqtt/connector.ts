import type { IPublishPacket } from 'mqtt'
import { MillraceError, orAbort } from '../../model/index.ts'
import type { Connector, Emit, Report, Source } from '../contract.ts'
import { Inbox } from './inbox.ts'
import { type Link, openLink } from './link.ts'
import { memoryOf, memoryText } from './memory.ts'
import { Gathering, type Message } from './message.ts'
import type { Address, Options } from './options.ts'
import { type Receipt, Repeats, receiptOf } from './repeats.ts'
import { type Routes, routesOf } from './source.ts'
import { goodbye, hello, will } from './sparkplug/state.ts'
import { subscribeTo } from './subscribe.ts'
import { Writer } from './write.ts'

/** One session with one broker: messages become samples, and are acknowledged when those are durable. */
export function mqttConnector(source: Source<Options, Address>, report: Report): Connector {
  const session = new Session(source, report)
  return {
    connect: signal => session.connect(signal),
    run: (emit, signal) => session.run(emit, signal),
    write: (tag, value, signal) => session.writer.write(tag, value, signal),
    close: () => session.close(),
  }
}

/** Who we are at the broker. */
export function clientIdOf({ name, options }: Pick<Source<Options, Address>, 'name' | 'options'>): string {
  return options.clientId ?? `millrace-${name}`
}

/**
 * The batch that waits for its PUBACKs and the one before, at least; more, because a broker that is behind, or sends past
 * its window, has not read all that was acknowledged when the connection breaks.
 */
function mostRepeated({ maxInFlight }: Options): number {
  return Math.min(Math.max(2 * maxInFlight, 8192), 0xffff)
}

class Session {
  readonly #source: Source<Options, Address>
  readonly #clientId: string
  readonly #inbox: Inbox
  readonly #gathering: Gathering
  readonly #routes: Routes
  readonly #born = Date.now()
  #repeats: Repeats
  #link: Link | undefined
  #running = false
  readonly writer: Writer

  constructor(source: Source<Options, Address>, report: Report) {
    this.#source = source
    this.#clientId = clientIdOf(source)
    this.#inbox = new Inbox(source.options)
    this.#gathering = new Gathering(report)
    this.#repeats = new Repeats(mostRepeated(source.options), this.#memory()?.repeats)
    const publish = (topic: string, payload: Uint8Array) => {
      this.#link?.publish(topic, payload, { qos: 0 }).catch(() => {})
    }
    this.#routes = routesOf(source, report, publish)
    this.writer = new Writer(source, this.#routes.sparkplug?.host, () => this.#connected())
    this.#gathering.onSample = sample => this.writer.seen(sample)
  }

  async connect(signal: AbortSignal): Promise<void> {
    const { options } = this.#source
    const { primaryHost } = options.sparkplug ?? {}
    const link = await openLink(
      {
        options,
        clientId: this.#clientId,
        onMessage: packet => this.#take(packet),
        ...(primaryHost !== undefined && { will: will(primaryHost, this.#born) }),
      },
      signal,
    )
    this.#link = link
    // What is under way in a session that the broker has forgotten will never be repeated.
    if (!link.resumed) this.#repeats = new Repeats(mostRepeated(options), undefined)
    const before = link.resumed ? (this.#memory()?.filters ?? []) : []
    const refused = await orAbort(subscribeTo(link, options, this.#routes.filters, before), signal)
    for (const [filter, problem] of refused) this.#routes.refuse(filter, problem, this.#gathering)
    if (primaryHost !== undefined) await orAbort(hello(link, primaryHost, this.#born), signal)
    this.#routes.start(this.#gathering)
  }

  async run(emit: Emit, signal: AbortSignal): Promise<void> {
    const link = this.#connected()
    const ending = AbortSignal.any([signal, link.lost])
    this.#running = true
    // A later session must know the filters of this one even if nothing ever comes.
    await this.#flush(emit, link, this.#inbox.take() ?? [])
    while (!ending.aborted) {
      await this.#inbox.due(ending).catch(() => {})
      const receipts = this.#inbox.take()
      if (receipts) await this.#flush(emit, link, receipts)
    }
    if (!signal.aborted) throw link.lost.reason
  }

  async close(): Promise<void> {
    const link = this.#link
    this.#link = undefined
    const { primaryHost } = this.#source.options.sparkplug ?? {}
    if (link && primaryHost !== undefined) await goodbye(link, primaryHost)
    await link?.close()
  }

  /** Acknowledged strictly after emit. */
  async #flush(emit: Emit, link: Link, receipts: readonly Receipt[]): Promise<void> {
    await emit(this.#gathering.take(), this.#resume(receipts))
    link.acknowledge(receipts.map(({ id }) => id))
  }

  #take({ topic, payload, qos, retain, dup, messageId }: IPublishPacket): Promise<void> | undefined {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    const receipt = qos === 1 && messageId !== undefined ? receiptOf(messageId, topic, bytes) : undefined
    if (receipt && !dup) this.#repeats.fresh(receipt)
    if (!receipt || !dup || !this.#repeats.has(receipt)) {
      this.#handle({ topic, payload: bytes, retained: retain, repeated: dup, at: Date.now() * 1000 })
    }
    const room = this.#inbox.put(bytes.length, receipt)
    // A resumed session begins with what has queued: held back, it would hide the broker's answer to subscribing.
    return this.#running ? room : undefined
  }

  #handle(message: Message): void {
    const { maxMessageBytes } = this.#source.options
    if (message.payload.length > maxMessageBytes) {
      this.#gathering.unusable(this.#routes.itself, 1, tooLong(message, maxMessageBytes))
      return
    }
    const routes = this.#routes.router.routesOf(message.topic)
    for (const route of routes) route(message, this.#gathering)
  }

  #resume(receipts: readonly Receipt[]): string {
    return memoryText({
      client: this.#identity(),
      filters: this.#routes.filters,
      repeats: this.#repeats.with(receipts),
    })
  }

  #memory() {
    return memoryOf(this.#source.resume, this.#identity())
  }

  #identity(): string {
    return `${this.#clientId} ${this.#source.options.endpoint}`
  }

  #connected(): Link {
    if (this.#link) return this.#link
    throw new MillraceError('session-lost', `${this.#source.options.endpoint} is not connected`, {
      transient: true,
    })
  }
}

function tooLong({ topic, payload }: Message, most: number): MillraceError {
  return new MillraceError('bad-payload', `A message of ${payload.length} bytes came on ${topic}`, {
    hint: `Raise maxMessageBytes (${most}) if such messages are meant to come`,
  })
}
