import { MillraceError, type Value } from '../../model/index.ts'
import { isBits } from './address.ts'
import type { Client } from './client.ts'
import { exceptionError, good } from './codes.ts'
import { decodeValue, encodeValue } from './decode.ts'
import type { Point } from './points.ts'

/** Registers that one request writes (Modbus Application Protocol V1.1b3, 6.12). */
const mostWritten = 123

/**
 * Writes a raw value (before `scale` and `offset`) in one request and resolves with what is read back.
 * Rejects with `bad-type`, `unsupported`, the meaning of the device's exception, or the error that ended the session.
 */
export async function writePoint(client: Client, point: Point, value: Value): Promise<Value> {
  const { address, range, told, orders } = point
  const { code } = await request(client, point, value)
  if (code !== good) throw exceptionError(code, `${told} was not written`)
  const back = await client.read(range)
  if (back.code !== good) throw exceptionError(back.code, `${told} was written and cannot be read back`)
  return decodeValue(address, orders, back.bytes)
}

function request(client: Client, { address, range, told, orders }: Point, value: Value) {
  const { unitId, area, start, length } = range
  if (area === 'input' || area === 'discrete') throw unsupported(told, 'inputs are read only')
  if (isBits(area)) {
    if (typeof value !== 'boolean') throw new MillraceError('bad-type', `${told}: a coil is true or false`)
    return client.writeCoil(unitId, start, value)
  }
  if (address.type === 'bit') {
    throw unsupported(told, 'the other bits of the register could change between reading and writing it')
  }
  if (length > mostWritten) throw unsupported(told, `more than ${mostWritten} registers are not one request`)
  return client.writeRegisters(unitId, start, encodeValue(address, orders, value))
}

function unsupported(told: string, why: string): MillraceError {
  return new MillraceError('unsupported', `${told} is not written: ${why}`, {
    hint: 'Write a coil, or a holding register as a whole',
  })
}
