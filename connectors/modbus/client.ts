import { connect, type Socket } from 'node:net'
import type modbusSerial from 'modbus-serial'
import { type Micros, MillraceError, orAbort } from '../../model/index.ts'
import { type Area, isBits } from './address.ts'
import { good, malformed } from './codes.ts'
import { dialled, type Options } from './options.ts'
import type { Range } from './plan.ts'

type ModbusRTU = InstanceType<typeof modbusSerial.default>

/** `code` is 0, a Modbus exception and then no bytes, or -1 for an answer that does not fit; `at` is its time. */
export type Answer = { readonly code: number; readonly bytes: Buffer; readonly at: Micros }

/** One Modbus/TCP session: one request at a time. Its calls reject with the error that ended it, transient. */
export type Client = {
  /** Registers as they come, bits packed from the lowest. */
  read(range: Range): Promise<Answer>
  writeCoil(unitId: number, address: number, on: boolean): Promise<Answer>
  writeRegisters(unitId: number, address: number, registers: Buffer): Promise<Answer>
  /** Aborted with the error that ended the session, also by close(). */
  readonly lost: AbortSignal
  close(): Promise<void>
}

const closingMs = 500
const readFunctions = {
  coil: 'readCoils',
  discrete: 'readDiscreteInputs',
  holding: 'readHoldingRegisters',
  input: 'readInputRegisters',
} as const satisfies Record<Area, keyof ModbusRTU>

/** Rejects with `unreachable`, or the signal's reason. */
export async function openClient(options: Options, signal: AbortSignal): Promise<Client> {
  const { endpoint, timeoutMs } = options
  const socket = connect({ ...dialled(endpoint), noDelay: true, keepAlive: true })
  try {
    await orAbort(dialling(socket, endpoint, timeoutMs), signal)
    return await TcpClient.on(socket, options)
  } catch (thrown) {
    socket.destroy()
    throw thrown
  }
}

function dialling(socket: Socket, endpoint: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) =>
      reject(
        new MillraceError('unreachable', `${endpoint}: ${why}`, {
          transient: true,
          hint: 'Check address, port, cable and firewall, and that Modbus/TCP is on',
          ...(cause && { cause }),
        }),
      )
    const timer = setTimeout(() => fail(`did not answer within ${timeoutMs} ms`), timeoutMs)
    socket.once('connect', resolve)
    socket.on('error', error => fail(`nothing answers: ${error.message}`, error))
    socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
  })
}

class TcpClient implements Client {
  readonly #socket: Socket
  readonly #modbus: ModbusRTU
  readonly #endpoint: string
  readonly #timeoutMs: number
  readonly #lost = new AbortController()
  #line: Promise<unknown> = Promise.resolve()

  /** The package is loaded here and not before: whoever only checks addresses does without it. */
  static async on(socket: Socket, options: Options): Promise<TcpClient> {
    const { default: modbusSerial } = await import('modbus-serial')
    const modbus = new modbusSerial.default()
    await modbus.linkTCP(socket, { port: dialled(options.endpoint).port })
    return new TcpClient(socket, modbus, options)
  }

  constructor(socket: Socket, modbus: ModbusRTU, { endpoint, timeoutMs }: Options) {
    this.#socket = socket
    this.#modbus = modbus
    this.#endpoint = endpoint
    this.#timeoutMs = timeoutMs
    modbus.setTimeout(timeoutMs)
    modbus.on('error', () => {})
    socket.on('error', error => this.#fail(`the connection ended: ${error.message}`, error))
    socket.on('close', () => this.#fail('the connection ended'))
    if (socket.destroyed) this.#fail('the connection ended')
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async read({ unitId, area, start, length }: Range): Promise<Answer> {
    const wanted = isBits(area) ? Math.ceil(length / 8) : 2 * length
    const answer = await this.#ask(unitId, () => this.#modbus[readFunctions[area]](start, length))
    const fits = answer.code !== good || answer.bytes.length === wanted
    return fits ? answer : { ...answer, code: malformed }
  }

  writeCoil(unitId: number, address: number, on: boolean): Promise<Answer> {
    return this.#ask(unitId, () => this.#modbus.writeCoil(address, on))
  }

  writeRegisters(unitId: number, address: number, registers: Buffer): Promise<Answer> {
    return this.#ask(unitId, () =>
      registers.length === 2
        ? this.#modbus.writeRegister(address, registers.readUInt16BE(0))
        : this.#modbus.writeRegisters(address, registers),
    )
  }

  async close(): Promise<void> {
    this.#fail('closed')
    if (this.#socket.closed) return
    const closed = new Promise<void>(resolve => this.#socket.once('close', () => resolve()))
    const timer = setTimeout(() => this.#socket.destroy(), closingMs)
    this.#socket.end()
    await closed
    clearTimeout(timer)
  }

  /** Many devices take the next request only after they have answered the last. */
  #ask(unitId: number, request: () => Promise<object>): Promise<Answer> {
    const asking = this.#line.then(async () => {
      this.#lost.signal.throwIfAborted()
      this.#modbus.setID(unitId)
      return await orAbort(this.#answered(request()), this.#lost.signal)
    })
    this.#line = asking.catch(() => {})
    return asking
  }

  async #answered(request: Promise<object>): Promise<Answer> {
    try {
      const result = await request
      const bytes = 'buffer' in result && Buffer.isBuffer(result.buffer) ? result.buffer : Buffer.alloc(0)
      return { code: good, bytes, at: Date.now() * 1000 }
    } catch (thrown) {
      return { code: this.#codeOf(thrown), bytes: Buffer.alloc(0), at: Date.now() * 1000 }
    }
  }

  /** @throws MillraceError the reason why the session has ended */
  #codeOf(thrown: unknown): number {
    const { modbusCode, errno } = thrown as { modbusCode?: unknown; errno?: unknown }
    if (typeof modbusCode === 'number') return modbusCode
    if (errno === undefined) return malformed
    // An answer that comes later would be one to nothing: the connection goes with it.
    if (errno === 'ETIMEDOUT') this.#fail(`no answer within ${this.#timeoutMs} ms`, thrown)
    this.#fail('the connection ended', thrown)
    throw this.#lost.signal.reason
  }

  #fail(why: string, cause?: unknown): void {
    if (this.#lost.signal.aborted) return
    this.#lost.abort(
      new MillraceError('session-lost', `${this.#endpoint}: ${why}`, {
        transient: true,
        cause,
        hint: 'Check cable and switch, and the load of the device; or raise timeoutMs',
      }),
    )
    if (why !== 'closed') this.#socket.destroy()
  }
}
