import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeItemData,
  decodeItems,
  decodePdu,
  decodeReturnCodes,
  decodeSetup,
  encodeItemData,
  encodeItems,
  encodePdu,
  encodeSetup,
  functionCode,
  type Item,
  type ItemData,
  transport,
} from '../../../connectors/s7/protocol.ts'
import { MillraceError } from '../../../model/index.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const word = fc.nat(0xffff)
const item: fc.Arbitrary<Item> = fc.record({
  element: fc.nat(0xff),
  count: word,
  db: word,
  area: fc.nat(0xff),
  address: fc.nat(0xffffff),
})
const itemData: fc.Arbitrary<ItemData> = fc.record({
  code: fc.constant(0xff),
  transport: fc.constantFrom(transport.bit, transport.byte, transport.integer, transport.octets),
  bytes: bytes(40),
})

describe('S7comm', () => {
  test('set-up as nodes7 sends it', () => {
    const parameters = encodeSetup({ jobs: 8, pduLength: 960 })
    const pdu = { rosctr: 1, reference: 0, parameters, data: Buffer.alloc(0), error: 0 }
    expect(encodePdu(pdu).toString('hex')).toBe('32010000000000080000f0000008000803c0')
    expect(decodeSetup(parameters)).toEqual({ jobs: 8, pduLength: 960 })
  })

  test('a read of DB10.DBD4 as nodes7 sends it', () => {
    const items = [{ element: 2, count: 4, db: 10, area: 0x84, address: 32 }]
    expect(encodeItems(functionCode.read, items).toString('hex')).toBe('0401120a10020004000a84000020')
  })

  test('PDUs, items and their data come back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3, 7),
        word,
        bytes(50),
        bytes(50),
        word,
        (rosctr, reference, parameters, data, code) => {
          const error = rosctr === 2 || rosctr === 3 ? code : 0
          const pdu = { rosctr, reference, parameters, data, error }
          expect(decodePdu(encodePdu(pdu))).toEqual(pdu)
        },
      ),
    )
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), items => {
        expect(decodeItems(encodeItems(functionCode.read, items))).toEqual(items)
      }),
    )
    fc.assert(
      fc.property(fc.array(itemData, { maxLength: 20 }), items => {
        expect(decodeItemData(encodeItemData(items), items.length)).toEqual(items)
      }),
    )
  })

  test('a refused item in the middle leaves its neighbours in place', () => {
    const good = (hex: string): ItemData => ({
      code: 0xff,
      transport: transport.byte,
      bytes: Buffer.from(hex, 'hex'),
    })
    const refused = { code: 0x0a, transport: transport.null, bytes: Buffer.alloc(0) }
    const items = [good('01'), refused, good('020304'), refused]
    expect(decodeItemData(encodeItemData(items), 4)).toEqual(items)
    // Some CPUs repeat the wanted length in a refused item.
    const data = Buffer.from('0a000010ff0400080900', 'hex')
    expect(decodeItemData(data, 2).map(({ code, bytes }) => [code, bytes.toString('hex')])).toEqual([
      [0x0a, ''],
      [0xff, '09'],
    ])
  })

  test.each<[string, (bytes: Buffer) => unknown]>([
    ['PDUs', decodePdu],
    ['PDUs with a header', rest => decodePdu(Buffer.concat([Buffer.from([0x32, 3]), rest]))],
    ['set-ups', decodeSetup],
    ['items', decodeItems],
    ['item data', data => decodeItemData(data, 20)],
    ['return codes', data => decodeReturnCodes(data, 20)],
  ])('random bytes as %s throw coded errors only, and give nothing bigger than themselves', (_, decode) => {
    fc.assert(
      fc.property(bytes(300), data => {
        try {
          expect(JSON.stringify(decode(data)).length).toBeLessThan(100 * (data.length + 10))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
