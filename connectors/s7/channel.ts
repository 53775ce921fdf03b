import { connect, type Socket } from 'node:net'
import { coded, MillraceError, orAbort } from '../../model/index.ts'
import { decodeTpdu, encodeData, encodeRequest, type Tpdu, TsduReader } from './cotp.ts'
import { dialled, type Options } from './options.ts'
import { encodeTpkt, TpktReader } from './tpkt.ts'

/** A transport connection that carries whole S7 PDUs. */
export type Channel = {
  send(pdu: Buffer): void
  /** Aborted with the MillraceError that ended it, also by close(). */
  readonly lost: AbortSignal
  /** Ends it from this side with that reason. */
  fail(error: MillraceError): void
  close(): Promise<void>
}

type Phase = 'dialling' | 'requesting' | 'up'

/** How long a CPU may take to close its side before the socket is taken away from it. */
const closingMs = 500

/**
 * Connects TCP and the ISO transport on it. `receive` takes every PDU from then on; what it throws ends the channel.
 * Rejects with `unreachable`, `refused` or `protocol`, or the signal's reason.
 */
export async function openChannel(
  options: Options,
  receive: (pdu: Buffer) => void,
  signal: AbortSignal,
): Promise<Channel> {
  const channel = new TransportChannel(options, receive)
  try {
    await orAbort(channel.up, signal)
    return channel
  } catch (thrown) {
    channel.abandon()
    throw thrown
  }
}

class TransportChannel implements Channel {
  readonly #endpoint: string
  readonly #socket: Socket
  readonly #receive: (pdu: Buffer) => void
  readonly #packets = new TpktReader()
  readonly #tsdus = new TsduReader()
  readonly #lost = new AbortController()
  readonly #up = Promise.withResolvers<void>()
  #phase: Phase = 'dialling'

  constructor(options: Options, receive: (pdu: Buffer) => void) {
    const { host, port, callingTsap, calledTsap } = dialled(options)
    this.#endpoint = options.endpoint
    this.#receive = receive
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true })
    this.#socket.on('connect', () => {
      this.#phase = 'requesting'
      this.#socket.write(encodeTpkt(encodeRequest(callingTsap, calledTsap)))
    })
    this.#socket.on('error', error => this.fail(ended(this.#phase, this.#endpoint, error)))
    this.#socket.on('close', () => this.fail(ended(this.#phase, this.#endpoint)))
    this.#socket.on('data', chunk => this.#read(chunk))
  }

  /** Resolves when the controller has confirmed the connection. */
  get up(): Promise<void> {
    return this.#up.promise
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  send(pdu: Buffer): void {
    for (const tpdu of encodeData(pdu)) this.#socket.write(encodeTpkt(tpdu))
  }

  fail(error: MillraceError): void {
    this.#lost.abort(error)
    this.#up.reject(error)
    this.abandon()
  }

  /** Takes the socket away without a word. */
  abandon(): void {
    this.#socket.destroy()
  }

  async close(): Promise<void> {
    this.#lost.abort(ended('up', this.#endpoint))
    if (this.#socket.destroyed) return
    const closed = new Promise<void>(resolve => this.#socket.once('close', () => resolve()))
    const timer = setTimeout(() => this.abandon(), closingMs)
    this.#socket.end()
    await closed
    clearTimeout(timer)
  }

  #read(chunk: Buffer): void {
    try {
      for (const payload of this.#packets.push(chunk)) this.#take(decodeTpdu(payload))
    } catch (thrown) {
      const what = `${this.#endpoint}: an answer could not be taken`
      this.fail(coded(thrown, 'internal', what, { transient: true }))
    }
  }

  /** @throws MillraceError `refused`, `session-lost`, `protocol` */
  #take(tpdu: Tpdu): void {
    const isUp = this.#phase === 'up'
    if (tpdu.kind === 'disconnect' || tpdu.kind === 'error') throw disconnected(isUp, tpdu.reason)
    if (tpdu.kind === 'confirm' && !isUp) {
      this.#phase = 'up'
      this.#up.resolve()
    } else if (tpdu.kind === 'data' && isUp) {
      const pdu = this.#tsdus.push(tpdu.payload, tpdu.last)
      if (pdu) this.#receive(pdu)
    } else throw new MillraceError('protocol', `an unexpected ${tpdu.kind} TPDU`, { transient: true })
  }
}

const slotHint =
  'Check rack and slot (slot 1 for S7-1200/1500, 2 for S7-300), and that the CPU has a connection resource left'

function disconnected(wasUp: boolean, reason: number): MillraceError {
  return wasUp
    ? new MillraceError('session-lost', `the PLC disconnected (reason ${reason})`, { transient: true })
    : new MillraceError('refused', `the PLC refuses the connection (COTP reason ${reason})`, {
        transient: true,
        hint: slotHint,
      })
}

function ended(phase: Phase, endpoint: string, cause?: Error): MillraceError {
  const options = { transient: true, ...(cause && { cause }) }
  const why = cause ? `: ${cause.message}` : ''
  switch (phase) {
    case 'dialling':
      return new MillraceError('unreachable', `nothing answers at ${endpoint}${why}`, {
        ...options,
        hint: 'Check address, port, cable and firewall, and that the PLC is on',
      })
    case 'requesting':
      return new MillraceError('refused', `${endpoint} closes the connection when asked for S7${why}`, {
        ...options,
        hint: slotHint,
      })
    case 'up':
      return new MillraceError('session-lost', `the connection to ${endpoint} ended${why}`, options)
  }
}
