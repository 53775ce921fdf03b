import { MillraceError } from '../../model/index.ts'

const version = 3
const headerLength = 4
/** Far above any S7 packet (a PDU is at most 960 bytes): what claims more is not a PLC. */
export const maxPacketLength = 8192

/** One packet on the wire: version, reserved, length including these four bytes (RFC 1006, section 6). */
export function encodeTpkt(payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(headerLength + payload.length)
  packet.writeUInt8(version, 0)
  packet.writeUInt8(0, 1)
  packet.writeUInt16BE(packet.length, 2)
  packet.set(payload, headerLength)
  return packet
}

/**
 * Puts packets together again, however TCP has cut the stream. Never holds more than one incomplete packet.
 */
export class TpktReader {
  #pending: Buffer = Buffer.alloc(0)

  /** The payloads of the packets that this chunk completes. @throws MillraceError `protocol`; the stream is then unusable */
  push(chunk: Buffer): Buffer[] {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const payloads: Buffer[] = []
    for (;;) {
      const length = packetLength(rest)
      if (length === undefined || rest.length < length) break
      payloads.push(rest.subarray(headerLength, length))
      rest = rest.subarray(length)
    }
    this.#pending = rest
    return payloads
  }
}

/** Length of the packet that begins here, undefined while its header is incomplete. */
function packetLength(bytes: Buffer): number | undefined {
  if (bytes.length > 0 && bytes.readUInt8(0) !== version) {
    throw new MillraceError('protocol', `not a TPKT: version ${bytes.readUInt8(0)} in place of ${version}`, {
      transient: true,
      hint: 'Check that the endpoint is a PLC with S7 communication (RFC 1006), by default on port 102',
    })
  }
  if (bytes.length < headerLength) return undefined
  const length = bytes.readUInt16BE(2)
  // The shortest TPDU has a length byte and a type byte.
  if (length < headerLength + 2 || length > maxPacketLength) {
    throw new MillraceError('protocol', `a TPKT of ${length} bytes`, { transient: true })
  }
  return length
}
