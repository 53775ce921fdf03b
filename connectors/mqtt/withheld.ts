import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

const puback = 4
type Chunks = readonly { readonly chunk: Buffer }[]
type Done = (error?: Error | null) => void

/**
 * A connection that keeps PUBACKs back. The MQTT client takes the next message only once it has written the PUBACK of the
 * last, so withholding them there would be one message at a time; here it writes them at once, they go no further, and
 * `acknowledge` sends those of what has become durable. MQTT 5.0, 4.6: in the order in which the messages came.
 */
export class WithheldAcks extends Duplex {
  readonly #socket: Socket
  #rest = Buffer.alloc(0)

  constructor(socket: Socket) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    socket.on('data', chunk => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', error => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** PUBACK with reason code 0, which MQTT 3.1.1 and 5.0 (3.4.2.1) both write in two bytes. */
  acknowledge(ids: readonly number[]): void {
    if (ids.length === 0 || this.#socket.destroyed) return
    const frames = Buffer.alloc(4 * ids.length)
    for (const [i, id] of ids.entries()) {
      frames.writeUInt16BE((puback << 12) | 2, 4 * i)
      frames.writeUInt16BE(id, 4 * i + 2)
    }
    this.#socket.write(frames)
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#forward(chunk, done)
  }

  override _writev(chunks: Chunks, done: Done): void {
    this.#forward(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: Done): void {
    // Once our good-bye is sent there is nothing to wait for, least of all what the other side still had to say.
    this.#socket.end(() => this.destroy())
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy()
    done(error)
  }

  #forward(chunk: Buffer, done: Done): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const [kept, rest] = withoutAcks(bytes)
    this.#rest = rest
    if (kept.length === 0) done()
    else this.#socket.write(kept, done)
  }
}

/** The whole control packets in `bytes` that are no PUBACK, and what follows the last whole one. */
export function withoutAcks(bytes: Buffer): [kept: Buffer, rest: Buffer<ArrayBuffer>] {
  const kept: Buffer[] = []
  let at = 0
  for (;;) {
    const end = endOfPacket(bytes, at)
    if (end === undefined) break
    if (bytes[at]! >> 4 !== puback) kept.push(bytes.subarray(at, end))
    at = end
  }
  return [kept.length === 1 ? kept[0]! : Buffer.concat(kept), Buffer.from(bytes.subarray(at))]
}

/** Where the control packet at `start` ends (MQTT 5.0, 2.1.4); undefined when it is not whole. */
function endOfPacket(bytes: Buffer, start: number): number | undefined {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[start + i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 128 ** (i - 1)
    if (byte < 0x80) {
      const end = start + 1 + i + length
      return end <= bytes.length ? end : undefined
    }
  }
  return bytes.length
}
