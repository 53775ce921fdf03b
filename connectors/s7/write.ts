import { MillraceError, type Value } from '../../model/index.ts'
import { byteLength } from './address.ts'
import { BlockReader, bytesOf } from './blocks.ts'
import type { Client } from './client.ts'
import { answerError, good, isDenial, itemError } from './codes.ts'
import { rangeOf } from './layout.ts'
import { itemOf } from './plan.ts'
import type { Point } from './points.ts'
import { elementCode, type Item, type ItemData, transport } from './protocol.ts'
import { decodeValue, encodeValue } from './types.ts'

/** Header, parameters of one item, and the head of its data: what a PDU needs besides the bytes to write. */
const writeOverhead = 10 + 14 + 4

/**
 * Writes a raw value (before `scale` and `offset`) and resolves with what is read back.
 * Rejects with `bad-type`, `unsupported`, `bad-address`, `refused`, or the error that ended the session.
 */
export async function writePoint(
  client: Client,
  point: Point,
  value: Value,
  endpoint: string,
): Promise<Value> {
  const { address, id } = point
  const { item, data } = requestOf(point, value, client.pduLength)
  const { error, codes } = await client.write([item], [data])
  if (error !== 0) throw answerError(error, endpoint)
  if (codes[0] !== good) throw itemError(codes[0]!, `${id} was not written`)
  const limits = { pduLength: client.pduLength, gapBytes: 0 }
  const [back] = await new BlockReader([rangeOf(address)], limits, endpoint).read(client)
  if (back!.code !== good) throw itemError(back!.code, `${id} was written and cannot be read back`)
  return decodeValue(address, bytesOf(back!), point.tag.class)
}

function requestOf({ id, address }: Point, value: Value, pduLength: number): { item: Item; data: ItemData } {
  const { area, type, count } = address
  if (area === 'T' || area === 'C' || (type === 'BOOL' && count !== undefined)) {
    throw new MillraceError('unsupported', `${id}: timers, counters and arrays of BOOL are not written`)
  }
  if (byteLength(address) > pduLength - writeOverhead) {
    throw new MillraceError('unsupported', `${id}: ${byteLength(address)} bytes do not fit into one write`, {
      hint: 'Several writes would not be one change; write a shorter array',
    })
  }
  const bytes = encodeValue(address, value)
  const item = itemOf(rangeOf(address))
  if (type !== 'BOOL') return { item, data: { code: 0, transport: transport.byte, bytes } }
  const bit = { ...item, element: elementCode.bit, count: 1, address: item.address + address.bit }
  return { item: bit, data: { code: 0, transport: transport.bit, bytes } }
}

/** Whether the CPU permits reading at all shows in the first answer, and nowhere before. */
export async function tryReading(client: Client, points: readonly Point[], endpoint: string): Promise<void> {
  const [first] = points
  if (!first) return
  const { area, db, byte } = first.address
  const { error } = await client.read([
    itemOf({ area, db, start: byte, length: area === 'T' || area === 'C' ? 2 : 1 }),
  ])
  if (isDenial(error)) throw answerError(error, endpoint)
}
