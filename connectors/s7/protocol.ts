/**
 * S7comm, the part that reads and writes variables: set-up, read var and write var, each in both directions, so that
 * a client and a server use one codec. The protocol has no public standard; the layout is what S7-300, 400, 1200 and
 * 1500 speak and what Wireshark's s7comm dissector documents.
 */
import { MillraceError } from '../../model/index.ts'

const protocolId = 0x32
export const rosctr = { job: 1, ack: 2, ackData: 3, userData: 7 } as const
export const functionCode = { setup: 0xf0, read: 0x04, write: 0x05 } as const
/** Item limit of one read or write request. */
export const maxItems = 20

/** `error` is class and code in one number (0x8104), 0 for none; only answers have one. */
export type Pdu = {
  readonly rosctr: number
  readonly reference: number
  readonly parameters: Buffer
  readonly data: Buffer
  readonly error: number
}

export function encodePdu({ rosctr: type, reference, parameters, data, error }: Pdu): Buffer {
  const answer = type === rosctr.ack || type === rosctr.ackData
  const header = Buffer.alloc(answer ? 12 : 10)
  header.writeUInt8(protocolId, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(reference, 4)
  header.writeUInt16BE(parameters.length, 6)
  header.writeUInt16BE(data.length, 8)
  if (answer) header.writeUInt16BE(error, 10)
  return Buffer.concat([header, parameters, data])
}

/** @throws MillraceError `protocol` */
export function decodePdu(bytes: Buffer): Pdu {
  if (bytes.length < 10 || bytes.readUInt8(0) !== protocolId) throw malformed('no S7 header')
  const type = bytes.readUInt8(1)
  const answer = type === rosctr.ack || type === rosctr.ackData
  const header = answer ? 12 : 10
  const parameterEnd = header + bytes.readUInt16BE(6)
  const dataEnd = parameterEnd + bytes.readUInt16BE(8)
  if (bytes.length < header || dataEnd > bytes.length)
    throw malformed('an S7 PDU shorter than its header says')
  return {
    rosctr: type,
    reference: bytes.readUInt16BE(4),
    parameters: bytes.subarray(header, parameterEnd),
    data: bytes.subarray(parameterEnd, dataEnd),
    error: answer ? bytes.readUInt16BE(10) : 0,
  }
}

/** `jobs` may be under way at a time; `pduLength` counts from the S7 header on, without TPKT and COTP. */
export type Setup = { readonly jobs: number; readonly pduLength: number }

export function encodeSetup({ jobs, pduLength }: Setup): Buffer {
  const parameters = Buffer.alloc(8)
  parameters.writeUInt8(functionCode.setup, 0)
  parameters.writeUInt16BE(jobs, 2)
  parameters.writeUInt16BE(jobs, 4)
  parameters.writeUInt16BE(pduLength, 6)
  return parameters
}

/** @throws MillraceError `protocol` */
export function decodeSetup(parameters: Buffer): Setup {
  if (parameters.length < 8 || parameters.readUInt8(0) !== functionCode.setup) throw malformed('no set-up')
  const jobs = Math.min(parameters.readUInt16BE(2), parameters.readUInt16BE(4))
  return { jobs, pduLength: parameters.readUInt16BE(6) }
}

export const areaCode = { P: 0x80, I: 0x81, Q: 0x82, M: 0x83, DB: 0x84, C: 0x1c, T: 0x1d } as const
export type Area = keyof typeof areaCode

/** How the elements of an item are counted and addressed: bits, bytes, or whole counters and timers. */
export const elementCode = { bit: 0x01, byte: 0x02, counter: 0x1c, timer: 0x1d } as const

/** One variable of a request. `address` is in bits for bits and bytes, a number for counters and timers. */
export type Item = {
  readonly element: number
  readonly count: number
  readonly db: number
  readonly area: number
  readonly address: number
}

const itemLength = 12
const anySyntax = [0x12, 0x0a, 0x10] as const

/** Parameters of a read or write request, or of its answer where items are left out. */
export function encodeItems(fn: number, items: readonly Item[]): Buffer {
  const parameters = Buffer.alloc(2 + itemLength * items.length)
  parameters.set([fn, items.length])
  items.forEach((item, i) => {
    const at = 2 + itemLength * i
    parameters.set([...anySyntax, item.element], at)
    parameters.writeUInt16BE(item.count, at + 4)
    parameters.writeUInt16BE(item.db, at + 6)
    parameters.writeUInt8(item.area, at + 8)
    parameters.writeUIntBE(item.address, at + 9, 3)
  })
  return parameters
}

/** @throws MillraceError `protocol` */
export function decodeItems(parameters: Buffer): Item[] {
  const count = parameters.length < 2 ? 0 : parameters.readUInt8(1)
  if (count === 0 || parameters.length < 2 + itemLength * count)
    throw malformed(`a request of ${count} items`)
  return Array.from({ length: count }, (_, i) => {
    const at = 2 + itemLength * i
    if (anySyntax.some((byte, j) => parameters.readUInt8(at + j) !== byte))
      throw malformed('an item not of S7ANY')
    return {
      element: parameters.readUInt8(at + 3),
      count: parameters.readUInt16BE(at + 4),
      db: parameters.readUInt16BE(at + 6),
      area: parameters.readUInt8(at + 8),
      address: parameters.readUIntBE(at + 9, 3),
    }
  })
}

/** Parameters of an answer to a read or write. */
export function encodeAnswer(fn: number, count: number): Buffer {
  return Buffer.from([fn, count])
}

/** How the bytes of an item travel. Lengths are in bits or in bytes, depending on it. */
export const transport = { null: 0x00, bit: 0x03, byte: 0x04, integer: 0x05, octets: 0x09 } as const

/** One item's answer to a read: return code 0xff and its bytes, or another code and none. */
export type ItemData = { readonly code: number; readonly transport: number; readonly bytes: Buffer }

export function encodeItemData(items: readonly ItemData[]): Buffer {
  const parts = items.flatMap(({ code, transport: kind, bytes }, i) => {
    const head = Buffer.from([code, kind, 0, 0])
    head.writeUInt16BE(
      kind === transport.byte || kind === transport.integer ? bytes.length * 8 : bytes.length,
      2,
    )
    // Every item but the last begins at an even offset.
    return i < items.length - 1 && bytes.length % 2 === 1 ? [head, bytes, Buffer.alloc(1)] : [head, bytes]
  })
  return Buffer.concat(parts)
}

/** @throws MillraceError `protocol` when there are fewer than `count` items or their bytes end too soon */
export function decodeItemData(data: Buffer, count: number): ItemData[] {
  const items: ItemData[] = []
  let at = 0
  while (items.length < count) {
    if (at + 4 > data.length) throw malformed(`${items.length} items in place of ${count}`)
    const kind = data.readUInt8(at + 1)
    const announced = data.readUInt16BE(at + 2)
    const length =
      kind === transport.byte || kind === transport.integer ? Math.ceil(announced / 8) : announced
    // Some CPUs repeat the wanted length in a refused item and send nothing.
    const refused = data.readUInt8(at) !== 0xff && kind === transport.null
    const end = at + 4 + (refused ? 0 : length)
    if (end > data.length) throw malformed('an item that ends beyond its PDU')
    items.push({ code: data.readUInt8(at), transport: kind, bytes: data.subarray(at + 4, end) })
    at = end + ((end - at) % 2)
  }
  return items
}

/** One return code an item, the answer to a write. @throws MillraceError `protocol` */
export function decodeReturnCodes(data: Buffer, count: number): number[] {
  if (data.length < count) throw malformed(`${data.length} return codes in place of ${count}`)
  return [...data.subarray(0, count)]
}

function malformed(what: string): MillraceError {
  return new MillraceError('protocol', `cannot be read as S7comm: ${what}`, { transient: true })
}
