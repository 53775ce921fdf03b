/** Whatever bytes a device sends, every decoder gives a value or a coded error, in time and without growing. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteLength, parseAddress, type TypeName, typeBytes } from '../../../connectors/s7/address.ts'
import { decodeTpdu, maxTsduLength, TsduReader } from '../../../connectors/s7/cotp.ts'
import {
  decodeItemData,
  decodeItems,
  decodePdu,
  decodeReturnCodes,
  decodeSetup,
} from '../../../connectors/s7/protocol.ts'
import { maxPacketLength, TpktReader } from '../../../connectors/s7/tpkt.ts'
import { decodeScalar, decodeValue } from '../../../connectors/s7/types.ts'
import { decodeClock } from '../../../connectors/s7/userdata.ts'
import { MillraceError } from '../../../model/index.ts'

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map(array => Buffer.from(array))
/** Answers as they are, with some bytes changed, so that the fuzz comes beyond the first check. */
const answers = [
  '0300001b02f080320300000001000200060000040 1ff0400100007',
  '0300001902f08032030000000100020004000004010a000000',
  '0300001b02f08032030000000100080000 0000f0000008000803c0',
  '0300002b02f0803207000000010 00c000e000112081287010000000000ff09000a00192601311259595993',
].map(hex => Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const mutated = fc
  .tuple(fc.constantFrom(...answers), fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }))
  .map(([answer, changes]) => {
    const changed = Buffer.from(answer)
    for (const [at, byte] of changes) changed[at % changed.length] = byte
    return changed
  })
const anything = fc.oneof(bytes(600), mutated)

function codedOrDone(work: () => unknown): void {
  try {
    work()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(MillraceError)
  }
}

/** As a session takes them apart. */
function takeApart(packet: Buffer): void {
  for (const payload of new TpktReader().push(packet)) {
    const tpdu = decodeTpdu(payload)
    if (tpdu.kind !== 'data') continue
    const tsdu = new TsduReader().push(tpdu.payload, tpdu.last)
    if (!tsdu) continue
    const pdu = decodePdu(tsdu)
    codedOrDone(() => decodeSetup(pdu.parameters))
    codedOrDone(() => decodeItems(pdu.parameters))
    codedOrDone(() => decodeReturnCodes(pdu.data, 3))
    codedOrDone(() => decodeClock(pdu.parameters, pdu.data))
    const items = decodeItemData(pdu.data, 2)
    expect(items.reduce((sum, item) => sum + item.bytes.length, 0)).toBeLessThanOrEqual(pdu.data.length)
  }
}

test('the answers are whole before they are changed', () => {
  for (const answer of answers) {
    const [payload] = new TpktReader().push(answer)
    expect(payload).toHaveLength(answer.length - 4)
    expect(decodePdu(payload!.subarray(3)).parameters.length).toBeGreaterThan(0)
  }
})

test('packets', () => {
  fc.assert(
    fc.property(anything, packet => codedOrDone(() => takeApart(packet))),
    { numRuns: 5000 },
  )
})

test('each layer by itself', () => {
  const layers = [
    decodeTpdu,
    decodePdu,
    decodeSetup,
    decodeItems,
    (bytes: Buffer) => decodeItemData(bytes, 20),
    (bytes: Buffer) => decodeReturnCodes(bytes, 20),
    (bytes: Buffer) => decodeClock(bytes, bytes),
  ]
  fc.assert(
    fc.property(bytes(600), bytes => {
      for (const layer of layers) codedOrDone(() => layer(bytes))
    }),
    { numRuns: 3000 },
  )
})

test('a stream without an end does not grow', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 40 }), chunks => {
      const [packets, tsdus] = [new TpktReader(), new TsduReader()]
      let held = 0
      codedOrDone(() => {
        for (const chunk of chunks) {
          held += chunk.length
          for (const payload of packets.push(chunk)) {
            held -= payload.length + 4
            codedOrDone(() => tsdus.push(payload, false))
          }
          expect(held).toBeLessThanOrEqual(maxPacketLength + 600)
        }
      })
      expect(maxTsduLength).toBeLessThanOrEqual(65_536)
    }),
  )
})

test('values of every type', () => {
  const types = (Object.keys(typeBytes) as TypeName[]).filter(type => type !== 'TIMER' && type !== 'COUNTER')
  const detail = (type: TypeName) => (type === 'BOOL' ? '.3' : type.endsWith('STRING') ? '.20' : '')
  for (const type of types) {
    for (const count of ['', '.3']) {
      const address = parseAddress(`DB1,${type === 'BOOL' ? 'X' : type}0${detail(type)}${count}`)
      const length = byteLength(address)
      fc.assert(
        fc.property(fc.uint8Array({ minLength: length, maxLength: length }), bytes => {
          codedOrDone(() => decodeValue(address, Buffer.from(bytes)))
        }),
        { numRuns: 200 },
      )
      fc.assert(
        fc.property(bytes(60), fc.nat(70), (bytes, start) => {
          codedOrDone(() => decodeValue(address, bytes))
          codedOrDone(() => decodeScalar(address, bytes, start))
        }),
        { numRuns: 200 },
      )
    }
  }
})
