import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeTpdu,
  encodeConfirm,
  encodeData,
  encodeRequest,
  maxTsduLength,
  TsduReader,
} from '../../../connectors/s7/cotp.ts'
import { dialled, type Options } from '../../../connectors/s7/options.ts'
import { MillraceError } from '../../../model/index.ts'
import { optionsFor } from './plc.ts'

describe('COTP', () => {
  test('requests a connection as every S7 client does', () => {
    // The bytes that libsnap7 and nodes7 send for rack 0, slot 2, but for the reference.
    expect(encodeRequest(0x0100, 0x0102).toString('hex')).toBe('11e00000000100c0010ac1020100c2020102')
    expect(decodeTpdu(encodeRequest(0x0100, 0x0302))).toEqual({
      kind: 'request',
      sourceRef: 1,
      calledTsap: 0x0302,
    })
    expect(decodeTpdu(encodeConfirm(7, 0x0100, 0x0101))).toMatchObject({
      kind: 'confirm',
      calledTsap: 0x0101,
    })
  })

  test.each<[Partial<Options>, number, number]>([
    [{}, 0x0100, 0x0101],
    [{ slot: 2 }, 0x0100, 0x0102],
    [{ rack: 1, slot: 3, connectionType: 'op' }, 0x0100, 0x0223],
    [{ connectionType: 'basic', slot: 0 }, 0x0100, 0x0300],
    [{ localTsap: '10.00', remoteTsap: '02.00' }, 0x1000, 0x0200],
  ])('selectors of %j', (given, callingTsap, calledTsap) => {
    expect(dialled(optionsFor(102, given))).toMatchObject({ callingTsap, calledTsap })
  })

  test.each([
    ['s7://10.0.0.1', '10.0.0.1', 102],
    ['s7://plc-1.plant:1102', 'plc-1.plant', 1102],
    ['s7://[fe80::1]:103', 'fe80::1', 103],
  ])('endpoint %s', (endpoint, host, port) => {
    expect(dialled(optionsFor(0, { endpoint }))).toMatchObject({ host, port })
  })

  test('data comes back from its fragments', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), bytes => {
        const reader = new TsduReader()
        const fragments = encodeData(bytes).map(decodeTpdu)
        const read = fragments.flatMap(tpdu => {
          if (tpdu.kind !== 'data') throw new Error(tpdu.kind)
          return reader.push(tpdu.payload, tpdu.last) ?? []
        })
        expect(read.map(tsdu => tsdu.toString('hex'))).toEqual([Buffer.from(bytes).toString('hex')])
      }),
    )
  })

  test('fragments without an end stop at a bound', () => {
    const reader = new TsduReader()
    const endless = () => {
      for (let length = 0; length <= maxTsduLength; length += 1000) reader.push(Buffer.alloc(1000), false)
    }
    expect(endless).toThrow(expect.objectContaining({ code: 'protocol' }))
  })

  test('random bytes throw coded errors only', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // Past the first checks: a plausible length and type.
      fc
        .tuple(fc.nat(40), fc.constantFrom(0xe0, 0xd0, 0xf0, 0x80, 0x70), fc.uint8Array({ maxLength: 60 }))
        .map(([length, type, rest]) => Uint8Array.from([length, type, ...rest])),
    )
    fc.assert(
      fc.property(anything, bytes => {
        try {
          decodeTpdu(Buffer.from(bytes))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
