import type { PublishResponse } from 'node-opcua-client'
import { orAbort } from '../../model/index.ts'
import { statusNameOf } from './errors.ts'
import type { Session } from './session.ts'

/** Publish requests that wait at the server, plus answers that wait here, beyond one a subscription (OPC 10000-4, 5.14.5). */
const spare = 3

export type Acknowledgement = { readonly subscriptionId: number; readonly sequenceNumber: number }

/** What is listened to: a subscription, and the silence after which it counts as dead. */
export type Listening = { readonly id: number; readonly watchdogMs: number }

/**
 * Asks for notifications. A request is sent again only after `take` has resolved for an answer, and carries the
 * acknowledgements it gave: the server keeps what was not taken, and waits while we are slow. Answers that arrived
 * meanwhile are taken together. Resolves when `signal` is aborted; rejects when the session is lost or `take` rejects.
 */
export async function publish(
  session: Session,
  listening: readonly Listening[],
  acknowledged: readonly Acknowledgement[],
  take: (responses: readonly PublishResponse[]) => Promise<Acknowledgement[]>,
  signal: AbortSignal,
): Promise<void> {
  const answers = new Answers(session, listening)
  const ended = AbortSignal.any([session.lost, signal])
  try {
    answers.ask(listening.length + spare, acknowledged)
    while (!signal.aborted) {
      const responses = await orAbort(answers.next(), ended)
      answers.ask(responses.length, await take(responses))
    }
  } catch (thrown) {
    if (!signal.aborted || thrown !== signal.reason) throw thrown
  } finally {
    answers.stop()
  }
}

class Answers {
  readonly #session: Session
  readonly #watchdogs: ReadonlyMap<number, NodeJS.Timeout>
  readonly #timeoutHint: number
  #arrived: PublishResponse[] = []
  #unsent: readonly Acknowledgement[] = []
  #asked = 0
  #wake = Promise.withResolvers<void>()
  #stopped = false

  constructor(session: Session, listening: readonly Listening[]) {
    this.#session = session
    const watch = ({ id, watchdogMs }: Listening) =>
      [id, setTimeout(() => this.#silent(id, watchdogMs), watchdogMs)] as const
    this.#watchdogs = new Map(listening.map(watch))
    // The server may drop a request that is older than this, so it must outlive any silence the watchdogs allow.
    this.#timeoutHint =
      4 * Math.max(session.options.sessionTimeoutMs, ...listening.map(each => each.watchdogMs))
  }

  /** Sends so many requests, the first of which carries the acknowledgements. */
  ask(count: number, acknowledgements: readonly Acknowledgement[]): void {
    this.#unsent = this.#unsent.length === 0 ? acknowledgements : [...this.#unsent, ...acknowledgements]
    // While nothing was asked for, nothing could be heard.
    if (this.#asked === 0) for (const watchdog of this.#watchdogs.values()) watchdog.refresh()
    for (let i = 0; i < count; i++) this.#send()
  }

  async next(): Promise<readonly PublishResponse[]> {
    if (this.#arrived.length === 0) await this.#wake.promise
    const arrived = this.#arrived
    this.#arrived = []
    return arrived
  }

  stop(): void {
    this.#stopped = true
    for (const watchdog of this.#watchdogs.values()) clearTimeout(watchdog)
  }

  #send(): void {
    const { ua, stack } = this.#session
    this.#asked++
    const request = new stack.PublishRequest({
      requestHeader: { timeoutHint: this.#timeoutHint },
      subscriptionAcknowledgements: [...this.#unsent],
    })
    this.#unsent = []
    ua.publish(request, (error, response) => this.#answered(error, response))
  }

  #answered(error: Error | null, response: PublishResponse | undefined): void {
    this.#asked--
    if (this.#stopped) return
    if (response && !error) {
      this.#watchdogs.get(response.subscriptionId)?.refresh()
      this.#arrived.push(response)
      this.#wake.resolve()
      this.#wake = Promise.withResolvers<void>()
    } else this.#refused(error)
  }

  /** Fewer requests than we would like are fine, as long as one is left; anything else is the end. */
  #refused(error: Error | null): void {
    const name = statusNameOf(error)
    if (name === 'BadTooManyPublishRequests' && this.#asked > 0) return
    if (name === 'BadTimeout' && this.#asked === 0) this.ask(1, [])
    else if (name !== 'BadTimeout') this.#session.lose(name ?? error?.message ?? 'no answer', error)
  }

  #silent(id: number, watchdogMs: number): void {
    // Nothing asked means that emit is slow, not the server.
    if (this.#asked > 0) this.#session.lose(`nothing heard of subscription ${id} for ${watchdogMs} ms`)
  }
}
