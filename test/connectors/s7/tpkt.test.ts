import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeTpkt, maxPacketLength, TpktReader } from '../../../connectors/s7/tpkt.ts'
import { MillraceError } from '../../../model/index.ts'

const payload = fc.uint8Array({ minLength: 2, maxLength: 300 }).map(bytes => Buffer.from(bytes))

/** Cuts a buffer at the given places, which may repeat (empty chunks). */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

describe('TPKT', () => {
  test('is four bytes before the payload', () => {
    expect(encodeTpkt(Buffer.from('aabb', 'hex')).toString('hex')).toBe('03000006aabb')
  })

  test('comes back however the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(payload, { maxLength: 8 }),
        fc.array(fc.nat(3000), { maxLength: 40 }),
        (payloads, places) => {
          const reader = new TpktReader()
          const stream = Buffer.concat(payloads.map(encodeTpkt))
          const read = cut(stream, places).flatMap(chunk => reader.push(chunk))
          expect(read.map(bytes => bytes.toString('hex'))).toEqual(
            payloads.map(bytes => bytes.toString('hex')),
          )
        },
      ),
    )
  })

  test('comes back byte by byte', () => {
    const reader = new TpktReader()
    const stream = Buffer.concat([encodeTpkt(Buffer.from('0102')), encodeTpkt(Buffer.alloc(900, 7))])
    const read = [...stream].flatMap(byte => reader.push(Buffer.from([byte])))
    expect(read.map(({ length }) => length)).toEqual([4, 900])
  })

  test.each([
    ['another version', '05000007000000'],
    ['a length below the header', '03000003'],
    ['a length above all bounds', '0300ffff'],
  ])('refuses %s', (_, hex) => {
    expect(() => new TpktReader().push(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'protocol', transient: true }),
    )
  })

  test('random bytes throw coded errors only, and never gather beyond one packet', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 50 }), chunks => {
        const reader = new TpktReader()
        try {
          const pushed = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
          const read = chunks.flatMap(chunk => reader.push(Buffer.from(chunk)))
          const taken = read.reduce((sum, bytes) => sum + bytes.length + 4, 0)
          expect(pushed - taken).toBeLessThan(maxPacketLength)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError)
        }
      }),
    )
  })
})
