import { orAbort } from '../../model/index.ts'
import type { Receipt } from './repeats.ts'

/** Bytes of payload that may wait for a slow emit. */
const mostBytes = 64 << 20

/** A pause in the stream that ends a batch before its time: the broker may be waiting for us. */
const pauseMs = 2

/**
 * Counts what waits to become durable and says when to do it: a batch is due when it is `batchMs` old, half of what may
 * be under way has come, or nothing more comes. Above its bounds it asks for the next message to be held back, which
 * leaves it in the network's buffers and at the broker.
 */
export class Inbox {
  readonly #batchMs: number
  readonly #most: number
  #receipts: Receipt[] = []
  #messages = 0
  #bytes = 0
  #seen = 0
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #due = Promise.withResolvers<void>()
  #room: PromiseWithResolvers<void> | undefined

  constructor(limits: { readonly batchMs: number; readonly maxInFlight: number }) {
    this.#batchMs = limits.batchMs
    this.#most = limits.maxInFlight
  }

  /** Returns what to wait for before the next message, if there is to be a wait. */
  put(bytes: number, receipt: Receipt | undefined): Promise<void> | undefined {
    if (receipt) this.#receipts.push(receipt)
    this.#bytes += bytes
    if (this.#messages++ === 0) this.#since = performance.now()
    if (this.#messages * 2 >= this.#most) this.#due.resolve()
    else this.#timer ??= setTimeout(this.#look, pauseMs)
    if (this.#messages < this.#most && this.#bytes < mostBytes) return undefined
    this.#room ??= Promise.withResolvers<void>()
    return this.#room.promise
  }

  /** Resolves when there is a batch to take. */
  async due(signal: AbortSignal): Promise<void> {
    await orAbort(this.#due.promise, signal)
  }

  /** The receipts of all that has come; empty where nothing wants one. `undefined` where nothing has come. */
  take(): readonly Receipt[] | undefined {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#due = Promise.withResolvers<void>()
    if (this.#messages === 0) return undefined
    const receipts = this.#receipts
    this.#receipts = []
    this.#messages = this.#bytes = this.#seen = 0
    this.#room?.resolve()
    this.#room = undefined
    return receipts
  }

  readonly #look = (): void => {
    const paused = this.#messages === this.#seen
    this.#seen = this.#messages
    this.#timer = undefined
    if (paused || performance.now() - this.#since >= this.#batchMs) this.#due.resolve()
    else this.#timer = setTimeout(this.#look, pauseMs)
  }
}
