/**
 * The part of the ISO transport protocol, class 0, that S7 needs (ISO 8073, RFC 905 section 13, over RFC 1006):
 * connection request and confirm with transport selectors (TSAPs), data in fragments, disconnect.
 */
import { MillraceError } from '../../model/index.ts'

const code = { request: 0xe0, confirm: 0xd0, disconnect: 0x80, data: 0xf0, error: 0x70 } as const
const parameter = { tpduSize: 0xc0, callingTsap: 0xc1, calledTsap: 0xc2 } as const
/** Exponent of two: 1024 bytes hold every S7 PDU, so that nothing here is fragmented in practice. */
const tpduSizeExponent = 10
const endOfTsdu = 0x80
const maxFragment = 2 ** tpduSizeExponent - 3
/** Bound on what fragments may add up to. */
export const maxTsduLength = 65_536

export type Tpdu =
  | { readonly kind: 'request' | 'confirm'; readonly sourceRef: number; readonly calledTsap?: number }
  | { readonly kind: 'disconnect'; readonly reason: number }
  | { readonly kind: 'error'; readonly reason: number }
  | { readonly kind: 'data'; readonly last: boolean; readonly payload: Buffer }

export function encodeRequest(callingTsap: number, calledTsap: number): Buffer {
  return encodeConnect(code.request, 0, 1, callingTsap, calledTsap)
}

export function encodeConfirm(destinationRef: number, callingTsap: number, calledTsap: number): Buffer {
  return encodeConnect(code.confirm, destinationRef, 1, callingTsap, calledTsap)
}

function encodeConnect(
  type: number,
  destinationRef: number,
  sourceRef: number,
  callingTsap: number,
  calledTsap: number,
): Buffer {
  const tpdu = Buffer.alloc(18)
  tpdu.writeUInt8(17, 0) // length without itself
  tpdu.writeUInt8(type, 1)
  tpdu.writeUInt16BE(destinationRef, 2)
  tpdu.writeUInt16BE(sourceRef, 4)
  tpdu.writeUInt8(0, 6) // class 0, no options
  tpdu.set([parameter.tpduSize, 1, tpduSizeExponent, parameter.callingTsap, 2], 7)
  tpdu.writeUInt16BE(callingTsap, 12)
  tpdu.set([parameter.calledTsap, 2], 14)
  tpdu.writeUInt16BE(calledTsap, 16)
  return tpdu
}

/** The data TPDUs that carry one S7 PDU; the last one says so (EOT). */
export function encodeData(tsdu: Uint8Array): Buffer[] {
  const tpdus: Buffer[] = []
  for (let at = 0; at === 0 || at < tsdu.length; at += maxFragment) {
    const last = at + maxFragment >= tsdu.length
    const header = Buffer.from([2, code.data, last ? endOfTsdu : 0])
    tpdus.push(Buffer.concat([header, tsdu.subarray(at, at + maxFragment)]))
  }
  return tpdus
}

/** @throws MillraceError `protocol` */
export function decodeTpdu(bytes: Buffer): Tpdu {
  const length = bytes.length === 0 ? 0 : bytes.readUInt8(0)
  if (length < 2 || length >= bytes.length)
    throw malformed(`a TPDU header of ${length} bytes in ${bytes.length}`)
  const type = bytes.readUInt8(1)
  switch (type & 0xf0) {
    case code.data:
      return {
        kind: 'data',
        last: (bytes.readUInt8(2) & endOfTsdu) !== 0,
        payload: bytes.subarray(length + 1),
      }
    case code.request:
    case code.confirm:
      return decodeConnect(bytes, length, (type & 0xf0) === code.request ? 'request' : 'confirm')
    case code.disconnect:
      return { kind: 'disconnect', reason: length >= 6 ? bytes.readUInt8(6) : 0 }
    case code.error:
      return { kind: 'error', reason: length >= 4 ? bytes.readUInt8(4) : 0 }
    default:
      throw malformed(`a TPDU of type 0x${type.toString(16)}`)
  }
}

function decodeConnect(bytes: Buffer, length: number, kind: 'request' | 'confirm'): Tpdu {
  if (length < 6) throw malformed(`a connect TPDU of ${length} bytes`)
  const sourceRef = bytes.readUInt16BE(4)
  for (let at = 7; at + 1 <= length; ) {
    const size = bytes.readUInt8(at + 1)
    if (at + 2 + size > length + 1) throw malformed('a TPDU parameter beyond the end of the header')
    if (bytes.readUInt8(at) === parameter.calledTsap && size === 2) {
      return { kind, sourceRef, calledTsap: bytes.readUInt16BE(at + 2) }
    }
    at += 2 + size
  }
  return { kind, sourceRef }
}

/** Puts the fragments of a TSDU together. */
export class TsduReader {
  #fragments: Buffer[] = []
  #length = 0

  /** The whole TSDU once its last fragment is there. @throws MillraceError `protocol` when it grows beyond all bounds */
  push(fragment: Buffer, last: boolean): Buffer | undefined {
    this.#length += fragment.length
    if (this.#length > maxTsduLength) throw malformed(`fragments of more than ${maxTsduLength} bytes`)
    // An empty fragment adds nothing; kept, an endless row of them would grow without reaching the bound.
    if (fragment.length > 0) this.#fragments.push(fragment)
    if (!last) return undefined
    const tsdu = this.#fragments.length === 1 ? this.#fragments[0]! : Buffer.concat(this.#fragments)
    this.#fragments = []
    this.#length = 0
    return tsdu
  }
}

function malformed(what: string): MillraceError {
  return new MillraceError('protocol', `cannot be read as ISO 8073: ${what}`, { transient: true })
}
